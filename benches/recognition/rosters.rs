//! The rosters that units are taken from: the shipped one, and made-up cities with neighbours that are easily confused.

use mailtally::model::unit::{Roster, Unit, UnitCode};

use super::made::Dice;

/// A unit as the scenes know it.
#[derive(Clone, Debug)]
pub struct Member {
    pub code: UnitCode,
    pub name: String,
    pub aliases: Vec<String>,
    /// Addresses that are its alone.
    pub address: Option<String>,
    pub is_county: bool,
    pub is_troops: bool,
}

pub fn members(roster: &Roster) -> Vec<Member> {
    let holders = |address: &String| roster.units().iter().filter(|unit| unit.emails.contains(address)).count();
    roster
        .units()
        .iter()
        .map(|unit| Member {
            code: unit.code.clone(),
            name: unit.name.clone(),
            aliases: unit.aliases.clone(),
            address: unit.emails.iter().find(|address| holders(address) == 1).cloned(),
            is_county: unit.group == "县市区",
            is_troops: unit.group == "驻吕部队",
        })
        .collect()
}

impl Member {
    /// The name in one of the ways it is written: whole, by an alias, spaced, with a seal's word.
    pub fn written(&self, dice: &mut Dice) -> String {
        let name = match dice.below(3) {
            0 if !self.aliases.is_empty() => dice.pick(&self.aliases),
            _ => self.name.clone(),
        };
        match dice.below(8) {
            0 => name.chars().map(String::from).collect::<Vec<_>>().join(" "),
            1 => format!("{name}（盖章）"),
            2 => format!("　{name}(公章)"),
            3 if self.is_county => format!("{}双拥办", self.name),
            4 if self.is_county => format!("{}退役军人事务局", self.name),
            _ => name,
        }
    }

    /// As it signs a formal document.
    pub fn formal(&self, dice: &mut Dice) -> String {
        if self.is_county {
            let offices = ["双拥工作领导小组办公室", "双拥工作领导小组", "退役军人事务局", "人民政府", "双拥办"];
            format!("{}{}", self.name, dice.pick(&offices))
        } else {
            self.name.clone()
        }
    }
}

fn unit(code: String, name: &str, group: &str, aliases: Vec<String>, email: Option<String>) -> Unit {
    Unit {
        code: UnitCode::new(&code),
        name: name.to_owned(),
        group: group.to_owned(),
        aliases,
        emails: email.into_iter().collect(),
        phone: None,
        contact: None,
        superior: None,
    }
}

/// 安和市: counties whose names hold each other, departments beside like-named ones, few aliases.
pub fn anhe() -> Roster {
    let counties = [
        "安县",
        "新安县",
        "和平区",
        "和顺县",
        "清河县",
        "清源区",
        "河口市",
        "口泉区",
        "东山县",
        "山阴县",
        "阳城县",
        "城阳区",
    ];
    let departments = [
        "教育局",
        "体育局",
        "水利局",
        "水务局",
        "财政局",
        "审计局",
        "统计局",
        "民政局",
        "司法局",
        "公安局",
        "人力资源和社会保障局",
        "自然资源局",
        "生态环境局",
        "住房和城乡建设局",
        "城市管理局",
        "交通运输局",
        "农业农村局",
        "商务局",
        "文化和旅游局",
        "卫生健康委员会",
        "应急管理局",
        "市场监督管理局",
        "医疗保障局",
        "信访局",
        "林业局",
        "园林局",
        "发展和改革委员会",
        "科学技术局",
        "工业和信息化局",
        "退役军人事务局",
        "税务局",
        "气象局",
        "总工会",
        "残疾人联合会",
        "科学技术协会",
        "人民医院",
        "中医院",
        "第一中学",
        "第二中学",
        "职业学院",
    ];
    let committee = ["组织部", "宣传部", "统战部", "政法委员会", "党校", "办公室"];
    let mut units = Vec::new();
    for (place, name) in counties.iter().enumerate() {
        let email = (place % 4 != 3).then(|| format!("syb@county{place}.example"));
        units.push(unit(format!("A{place:02}"), name, "县市区", Vec::new(), email));
    }
    for (place, name) in departments.iter().enumerate() {
        let email = (place % 5 != 4).then(|| format!("dept{place}@anhe.example"));
        units.push(unit(format!("B{place:02}"), &format!("安和市{name}"), "市直", Vec::new(), email));
    }
    for (place, name) in committee.iter().enumerate() {
        let email = Some(format!("sw{place}@anhe.example"));
        let aliases = vec![format!("市委{name}")];
        units.push(unit(format!("C{place:02}"), &format!("中共安和市委{name}"), "市直", aliases, email));
    }
    Roster::new(units)
}

/// 临江区: a district that collects from streets, towns and its own offices; names this program was not written beside.
pub fn linjiang() -> Roster {
    let streets = [
        "红旗街道",
        "建设街道",
        "新建街道",
        "河东街道",
        "河西街道",
        "东河镇",
        "西河镇",
        "大湾乡",
        "小湾乡",
        "湾里乡",
        "石桥镇",
        "桥头镇",
    ];
    let offices = [
        "教育局",
        "教育督导室",
        "水务局",
        "民政局",
        "财政局",
        "司法局",
        "统计局",
        "审计局",
        "卫生健康局",
        "应急管理局",
        "退役军人事务局",
        "机关事务服务中心",
        "融媒体中心",
        "政务服务中心",
        "人民法院",
        "人民检察院",
        "税务局",
        "人民医院",
        "妇幼保健院",
        "实验小学",
        "第一小学",
    ];
    let mut units = Vec::new();
    for (place, name) in streets.iter().enumerate() {
        let aliases = vec![format!("{name}办事处"), format!("{name}人民政府")];
        let email = (place % 3 != 2).then(|| format!("dzb{place}@jd{place}.example"));
        units.push(unit(format!("J{place:02}"), name, "街道乡镇", aliases, email));
    }
    for (place, name) in offices.iter().enumerate() {
        let email = (place % 3 != 1).then(|| format!("ljq{place}@linjiang.example"));
        units.push(unit(format!("K{place:02}"), &format!("临江区{name}"), "区直", vec![format!("区{name}")], email));
    }
    Roster::new(units)
}
