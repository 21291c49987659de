//! The formal report (正式文件) as a unit words it: title, 文号, body, 落款, date.

use super::form::Figures;

/// A report before it becomes a document.
#[derive(Clone, Debug)]
pub struct Report {
    pub title: String,
    /// Above the title, where there is one: `离双拥办〔2021〕5号`.
    pub number: Option<String>,
    pub addressee: String,
    pub paragraphs: Vec<String>,
    /// 落款, the unit that signs.
    pub issuer: String,
    /// As it stands under the signature: `2021年8月3日`.
    pub dated: String,
}

impl Report {
    /// A report on these visits; `number` may be left out, as careless units do.
    #[must_use]
    pub fn on(issuer: &str, number: Option<&str>, dated: &str, figures: &Figures) -> Self {
        let (veterans, others) = (&figures.veterans, &figures.others);
        let troops: Vec<&str> = figures.troops.iter().map(|troop| troop.name.as_str()).collect();
        let visited_troops = if troops.is_empty() {
            "驻地部队因任务安排未走访，已电话慰问。".to_owned()
        } else {
            format!(
                "走访慰问了{}等{}个驻地部队，送去慰问品折合{}元。",
                troops.join("、"),
                troops.len(),
                figures.troops.iter().map(|troop| troop.cost).sum::<rust_decimal::Decimal>().normalize()
            )
        };
        let paragraphs = vec![
            "按照《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）要求，我们高度重视，周密部署，扎实开展\
             “八一”期间走访慰问活动，现将有关情况报告如下："
                .to_owned(),
            "一、加强组织领导。召开专题会议研究部署，成立由主要负责同志任组长的走访慰问工作领导小组，明确任务，落实责任，\
             确保慰问活动有序开展。"
                .to_owned(),
            format!(
                "二、走访慰问退役军人。共走访慰问军队退役人员{}人，发放{}，折算经费{}元，重点慰问了抗美援朝退役军人、老复员军人、\
                 80岁以上高龄老人和生活困难人员。",
                veterans.people,
                veterans.gifts,
                veterans.cost.normalize()
            ),
            format!(
                "三、走访慰问其他优抚对象。共走访慰问烈属、军属等其他优抚对象{}人，发放{}，折算经费{}元，把党和政府的关怀送到他们身边。",
                others.people,
                others.gifts,
                others.cost.normalize()
            ),
            format!("四、走访慰问部队。{visited_troops}与官兵座谈交流，了解实际困难，研究解决办法。"),
            format!(
                "五、经费使用情况。本次走访慰问共支出{}万元，严格执行财经纪律，手续完备，专款专用。",
                figures.total_wan(2).normalize()
            ),
            "下一步，我们将继续做好双拥工作，常态化开展走访慰问，为巩固军政军民团结作出新的贡献。".to_owned(),
            "特此报告。".to_owned(),
        ];
        Self {
            title: format!("{issuer}关于2021年“八一”期间走访慰问活动开展情况的报告"),
            number: number.map(str::to_owned),
            addressee: "吕梁市双拥工作领导小组办公室：".to_owned(),
            paragraphs,
            issuer: issuer.to_owned(),
            dated: dated.to_owned(),
        }
    }
}
