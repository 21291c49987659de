//! What each provider's or client's headers look like; hosts and addresses are reserved ones throughout.

use chrono::Duration;

use super::mime::{Charset, Draft};

/// Whose hand a mail shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// QQ's web mail.
    Qq,
    /// 163/126 web mail.
    NetEase,
    /// Foxmail, a desktop program.
    Foxmail,
    /// A government's own Coremail.
    Coremail,
    /// Outlook.
    Outlook,
}

impl Dialect {
    /// Round the clients, as a whole roster uses them.
    pub const ALL: [Self; 5] = [Self::Qq, Self::NetEase, Self::Foxmail, Self::Coremail, Self::Outlook];

    /// The charset this client writes Chinese in by default.
    #[must_use]
    pub fn charset(self) -> Charset {
        match self {
            Self::Qq => Charset::Gb18030,
            Self::NetEase => Charset::Gbk,
            Self::Foxmail => Charset::Gb2312,
            Self::Coremail | Self::Outlook => Charset::Utf8,
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Qq => "out203-205-221-190.qq.example",
            Self::NetEase => "m13101.163.example",
            Self::Foxmail => "smtp.126.example",
            Self::Coremail => "mail.lvliang.example",
            Self::Outlook => "gw1.llmail.example",
        }
    }
}

/// The trace header the office's server put on top, and Date and Message-ID.
pub(super) fn trace(draft: &Draft) -> Vec<u8> {
    let token = draft.token();
    let at = draft.arrived_at.to_rfc2822();
    let written = (draft.arrived_at - Duration::seconds(7)).to_rfc2822();
    let host = draft.dialect.host();
    let id = match draft.dialect {
        Dialect::Qq => format!("tencent_{}@qq.example", token.to_uppercase()),
        Dialect::NetEase | Dialect::Coremail => {
            format!("{token}.1a2f.17acf2b3c4d.Coremail.user@{host}")
        }
        Dialect::Foxmail => format!("{}{token}@126.example", draft.arrived_at.format("%Y%m%d%H%M%S")),
        Dialect::Outlook => format!("000001d7{token}$0a8c1f40$@llmail.example"),
    };
    format!(
        "Received: from {host} (unknown [192.0.2.{}])\r\n\tby mx22 (Coremail) with SMTP id {token};\r\n\t{at}\r\n\
         Date: {written}\r\nMessage-ID: <{id}>\r\n",
        token.bytes().map(u32::from).sum::<u32>() % 250 + 1,
    )
    .into_bytes()
}

/// The lines only this client writes.
pub(super) fn habits(draft: &Draft) -> String {
    let token = draft.token();
    match draft.dialect {
        Dialect::Qq => format!(
            "X-QQ-mid: webmail800t{}t{token}\r\nX-QQ-ORIGINAL-FONT: Microsoft YaHei\r\nX-Priority: 3\r\n\
             X-QQ-MIME: TCMime 1.0 by Tencent\r\nX-Mailer: QQMail 2.x\r\nX-QQ-Mailer: QQMail 2.x\r\n",
            draft.arrived_at.timestamp()
        ),
        Dialect::NetEase => format!(
            "X-Originating-IP: [198.51.100.24]\r\nX-Priority: 3\r\n\
             X-Mailer: Coremail Webmail Server Version XT5.0.13 build\r\n 20210401(c5ff3689) Copyright (c) 2002-2021 \
             www.mailtech.cn 163com\r\nX-CM-CTRLDATA: {token}\r\nX-CM-TRANSID: DMGowABXb_{token}\r\n\
             X-CM-SenderInfo: {token}/1tbi\r\n"
        ),
        Dialect::Foxmail => "X-Priority: 3\r\nX-Has-Attach: yes\r\nX-Mailer: Foxmail 7.2.20.273[cn]\r\n".to_owned(),
        Dialect::Coremail => {
            "X-Mailer: Coremail Webmail Server Version XT3.0.8 build\r\n 20190610(cb3344cf) Copyright (c) 2002-2021 \
             www.mailtech.cn gov\r\nX-SendMailWithSms: false\r\n"
                .to_owned()
        }
        Dialect::Outlook => {
            format!("X-Mailer: Microsoft Outlook 16.0\r\nThread-Index: AQHXf{token}\r\nContent-Language: zh-cn\r\n")
        }
    }
}
