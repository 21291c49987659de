//! Mails made to be booked to a unit that did not send them, written against the rules of `judge/sender` one by one.

use mailtally::model::unit::UnitCode;

use super::made::{Dice, Made, Maker, Place, Truth, archive, report, table, titled_report};

/// Over the shipped roster.
pub fn mails(campaign: &str) -> Vec<Made> {
    let mut dice = Dice::new(4711);
    let dice = &mut dice;
    let (lishi, xing, lin) = ("lsqsyb@lishi.example", "xxsyb@xingxian.example", "lxsyb@linxian.example");
    let code = UnitCode::new;
    let nobody = |made: Maker| made.is(Truth::Nobody);
    let new = |scene, dice: &mut Dice, from: (&str, &str)| Maker::new(scene, dice, from);
    let mut made = vec![
        // A stranger's office under names that hold a unit's.
        nobody(
            new("an office of another city", dice, ("太原市教育局", "a@q.example"))
                .subject("太原市教育局统计表")
                .attach("太原市教育局.xlsx", table(dice, "太原市教育局")),
        ),
        nobody(
            new("an office of another city", dice, ("", "a@q.example"))
                .subject("韶关市教育局报表")
                .attach("表.xlsx", table(dice, "韶关市教育局"))
                .attach("报告.docx", report(dice, "韶关市教育局", None, true)),
        ),
        nobody(
            new("an office of another city", dice, ("", "a@q.example"))
                .subject("霍州市水利局")
                .attach("表.xlsx", table(dice, "霍州市水利局"))
                .attach("报告.docx", report(dice, "霍州市水利局", None, true)),
        ),
        nobody(
            new("an office of another city", dice, ("", "a@q.example"))
                .subject("嘉兴县报表")
                .attach("嘉兴县.xlsx", table(dice, "嘉兴县"))
                .attach("报告.docx", report(dice, "嘉兴县退役军人事务局", None, true)),
        ),
        nobody(
            new("a town named like a county", dice, ("", "a@q.example"))
                .subject("柳林镇统计表")
                .attach("表.xlsx", table(dice, "柳林镇人民政府"))
                .attach("报告.docx", report(dice, "柳林镇人民政府", None, true)),
        ),
        nobody(
            new("a town named like a county", dice, ("中阳楼街道", "a@q.example"))
                .subject("中阳楼街道办事处报表")
                .attach("表.xlsx", table(dice, "中阳楼街道办事处"))
                .attach("报告.docx", report(dice, "中阳楼街道办事处", None, true)),
        ),
        nobody(
            new("a county's own office", dice, ("", lishi))
                .subject("离石区教育局统计表")
                .attach("离石区教育局.xlsx", table(dice, "离石区教育局")),
        ),
        nobody(
            new("a county's own office", dice, ("离石区水利局", "b@q.example"))
                .subject("离石区水利局统计表")
                .attach("表.xlsx", table(dice, "水利局"))
                .attach("报告.docx", report(dice, "离石区水利局", None, true)),
        ),
        nobody(
            new("a county's own office", dice, ("", "b@q.example"))
                .subject("离石区政府采购中心")
                .attach("表.xlsx", table(dice, "离石区政府采购中心"))
                .attach("报告.docx", report(dice, "离石区政府采购中心", None, true)),
        ),
        nobody(
            new("a county's own office", dice, ("", "b@q.example"))
                .subject("市教育局直属第一中学统计表")
                .attach("表.xlsx", table(dice, "市教育局直属第一中学"))
                .attach("报告.docx", report(dice, "吕梁市教育局直属第一中学", None, true)),
        ),
        nobody(
            new("a county's own office", dice, ("", "b@q.example"))
                .subject("孝义市委宣传部")
                .attach("表.xlsx", table(dice, "孝义市委宣传部"))
                .attach("报告.docx", report(dice, "孝义市委宣传部", None, true)),
        ),
        // The visited for the visitor.
        nobody(
            new("the visited named throughout", dice, ("", "c@q.example"))
                .subject("慰问武警吕梁支队统计表")
                .text("我公司走访慰问武警吕梁支队、吕梁军分区。\r\n某某商贸公司")
                .attach("表.xlsx", table(dice, "某某商贸公司"))
                .attach("报告.docx", titled_report(dice, "某某商贸公司", "关于走访慰问吕梁军分区的情况报告")),
        ),
    ];
    // One unit's words in many copies: file, sheet and subject are one hand.
    let file = "临县八一走访慰问统计表.xlsx";
    made.push(
        new("copies of one name", dice, ("", xing))
            .subject(file)
            .attach(file, table(dice, "临县"))
            .misleads()
            .of(&code("141123")),
    );
    let files = [("临县/统计表.xlsx".to_owned(), table(dice, "临县"))];
    made.push(
        new("copies of one name", dice, ("", xing))
            .subject("报表")
            .text("请查收。\r\n兴县双拥办")
            .attach("兴县.zip", archive(&files))
            .misleads()
            .of(&code("141123")),
    );
    // The whole of a neighbour's return for a pattern: own report, neighbour's table.
    made.push(
        new("a neighbour's table, one's own report", dice, ("", "d@q.example"))
            .subject("临县统计表")
            .attach("临县统计表.xlsx", table(dice, "临县"))
            .attach("报告.docx", report(dice, "兴县双拥工作领导小组", Some("兴双拥办〔2021〕3号"), true))
            .misleads()
            .of(&code("141123")),
    );
    // A subject in answer to a neighbour's letter that was passed round.
    made.push(
        new("an answer in another's thread", dice, ("", "e@q.example"))
            .subject("回复：临县：请报送材料")
            .answers(campaign, &code("141124"))
            .attach("表.xlsx", table(dice, "兴县"))
            .misleads()
            .of(&code("141123")),
    );
    made.push(
        new("an answer in another's thread", dice, ("", xing))
            .subject("回复：临县：请报送材料")
            .answers(campaign, &code("141124"))
            .attach("表.xlsx", table(dice, ""))
            .misleads()
            .of(&code("141123")),
    );
    // A shared mailbox: the other owner's letter answered.
    made.push(
        new("a shared mailbox, the other's thread", dice, ("", "wenlvtiyu@lvliang.example"))
            .subject("回复：提醒")
            .answers(campaign, &code("S35"))
            .attach("表.xlsx", table(dice, "吕梁市体育局"))
            .misleads()
            .of(&code("S42")),
    );
    made.push(
        new("a shared mailbox, the other's thread", dice, ("", "wenlvtiyu@lvliang.example"))
            .subject("回复：提醒")
            .answers(campaign, &code("S35"))
            .attach("表.xlsx", table(dice, ""))
            .attach("报告.docx", report(dice, "吕梁市体育局", None, true))
            .misleads()
            .of(&code("S42")),
    );
    // A clerk of one unit lends his account, signs with his own name, and brings another's return.
    made.push(
        new("a borrowed account", dice, ("临县双拥办", lin))
            .subject("兴县报表")
            .text("请查收。\r\n临县双拥办 张三")
            .attach("表.xlsx", table(dice, ""))
            .misleads()
            .of(&code("141123")),
    );
    made.push(new("a borrowed account", dice, ("", lin)).subject("Fw: 报表").text("转。\r\n临县双拥办\r\n\r\n-----原始邮件-----\r\n发件人: 王五 <w@q.example>\r\n日期: 2021-08-05\r\n主题: 报表\r\n\r\n见附件\r\n兴县双拥办").attach("表.xlsx", table(dice, "")).misleads().of(&code("141123")));
    // Two From fields, the second a unit's.
    made.push(nobody(
        new("two senders", dice, ("", "f@q.example"))
            .header(&format!("From: <{lishi}>"))
            .subject("报表")
            .attach("表.xlsx", table(dice, "某某公司")),
    ));
    // Words that hide: zero width, full width, and a name torn by blanks.
    made.push(
        new("hidden letters", dice, ("", "g@q.example"))
            .subject("兴\u{200B}县 报表")
            .attach("表.xlsx", table(dice, "兴 \u{3000}县"))
            .of(&code("141123")),
    );
    made.push(
        new("two units in one line", dice, ("", "h@q.example"))
            .subject("兴县、临县报表")
            .attach("表.xlsx", table(dice, "兴县、临县"))
            .is(Truth::Nobody),
    );
    made.push(
        new("a report on another unit", dice, ("", "i@q.example"))
            .subject("材料")
            .attach("报告.docx", titled_report(dice, "吕梁市财政局", "关于赴兴县走访慰问情况的报告"))
            .misleads()
            .of(&code("S25")),
    );
    // An example of a neighbour's report sent along.
    made.push(
        new("a neighbour's report as an example", dice, ("", xing))
            .subject("兴县材料")
            .attach("表.xlsx", table(dice, "兴县"))
            .attach("报告.docx", report(dice, "兴县双拥办", None, true))
            .attach("参考.docx", report(dice, "临县双拥办", None, true))
            .misleads()
            .of(&code("141123")),
    );
    made.extend(more(dice));
    made
}

/// What clerks really do, in words nobody planned for.
fn more(dice: &mut Dice) -> Vec<Made> {
    let code = UnitCode::new;
    let new = |scene, dice: &mut Dice, from: (&str, &str)| Maker::new(scene, dice, from);
    let mut made = Vec::new();
    for (text, unit) in [
        ("各位领导：离石区的表重新填了，以这份为准。\r\n离石区退役军人事务局拥军优抚股", "141102"),
        ("这是我们汾阳市的\r\n汾阳市退役军人事务局 优抚科 小李", "141182"),
        ("市教育局办公室\r\n电话 0358-1112223", "S19"),
        ("报上，请收。\r\n\r\n吕梁市公安局政治部", "S22"),
        ("见附件\r\n签发：王某\r\n孝义市拥军优属拥政爱民工作领导小组办公室", "141181"),
    ] {
        let cell = match unit {
            "141102" => "离石区双拥工作领导小组办公室",
            "141182" => "汾阳市（退役军人事务局）",
            "S19" => "市教育局",
            "S22" => "吕梁市公安局",
            _ => "山西省吕梁市孝义市",
        };
        let made_one = new("words nobody planned for", dice, ("", "k@q.example")).subject("表").text(text);
        made.push(made_one.attach("表.xlsx", table(dice, cell)).says(Place::Cell).says(Place::Letter).of(&code(unit)));
    }
    for office in [
        "离石区凤山街道办事处",
        "离石区人民武装部",
        "文水县人民医院",
        "交城县第二中学",
        "临县三交镇人民政府",
        "柳林县薛村镇",
        "市教育局所属吕梁高中学校",
        "市卫健委下属市疾控中心",
        "孝义市中阳楼街道",
        "汾阳市杏花村镇",
        "岚县普明镇卫生院",
        "方山县北武当镇政府",
        "兴县蔡家崖乡",
        "石楼县税务局",
        "中阳县信用合作联社",
        "吕梁市人民医院离石分院",
        "吕梁学院附属中学",
        "武警吕梁支队医院",
    ] {
        let made_one =
            new("offices below a unit", dice, (office, "m@q.example")).subject(&format!("{office}上报八一材料"));
        let file = format!("{office}统计表.xlsx");
        let made_one =
            made_one.attach(&file, table(dice, office)).attach("报告.docx", report(dice, office, None, true));
        made.push(made_one.is(Truth::Nobody));
    }
    for (subject, unit) in [
        ("慰问武警吕梁支队和吕梁军分区的统计表", "S25"),
        ("走访吕梁军分区情况", "S33"),
        ("赴武警支队慰问活动材料", "S44"),
    ] {
        let name = match unit {
            "S25" => "吕梁市财政局",
            "S33" => "市农业农村局",
            _ => "市医保局",
        };
        let made_one = new("a visit in the subject", dice, ("", "n@q.example")).subject(subject);
        let made_one = made_one.text(&format!("请查收\r\n{name}")).attach("表.xlsx", table(dice, name));
        made.push(made_one.says(Place::Cell).says(Place::Letter).of(&code(unit)));
    }
    made
}
