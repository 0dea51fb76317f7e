//! Chinese names, shops, companies, streets and telephone numbers. All of it is made up.

use super::catalog::Depot;
use super::random::Random;

#[rustfmt::skip]
const SURNAMES: [&str; 40] = [
    "陳", "林", "黃", "張", "李", "王", "吳", "劉", "蔡", "楊", "許", "鄭", "謝", "郭", "洪", "曾", "邱", "廖", "賴", "周",
    "徐", "蘇", "葉", "莊", "呂", "江", "何", "蕭", "羅", "高", "潘", "簡", "朱", "鍾", "游", "彭", "詹", "歐陽", "張簡", "范姜",
];
#[rustfmt::skip]
const SURNAME_WEIGHTS: [u32; 40] = [
    111, 83, 60, 53, 51, 41, 40, 31, 29, 26, 23, 18, 17, 15, 15, 14, 14, 13, 13, 12,
    12, 11, 11, 9, 9, 9, 9, 9, 8, 8, 7, 7, 7, 7, 6, 6, 6, 1, 1, 1,
];
#[rustfmt::skip]
const GIVEN: [&str; 48] = [
    "怡", "君", "雅", "婷", "淑", "芬", "美", "玲", "志", "明", "建", "宏", "俊", "傑", "家", "豪", "冠", "宇", "宗", "翰", "佳", "蓉",
    "欣", "妤", "承", "恩", "品", "睿", "柏", "翔", "麗", "華", "秀", "英", "國", "強", "文", "雄", "惠", "珍", "素", "貞", "彥", "廷",
    "詩", "涵", "堃", "燊",
];
const SHOP_NAMES: [&str; 16] = ["阿明", "老王", "福記", "金門", "大埔", "鼎豐", "好味", "阿嬤", "巷口", "三代", "古早", "媽祖", "永樂", "廟東", "喜來", "聚福"];
const SHOPS: [&str; 14] =
    ["牛肉麵", "小吃店", "麻辣火鍋", "熱炒店", "早餐店", "海產餐廳", "便當店", "鵝肉店", "羊肉爐", "薑母鴨", "豆花", "炸雞排", "川菜館", "素食館"];
const COMPANY_NAMES: [&str; 14] = ["永豐", "大成", "聯華", "正新", "東陽", "長興", "宏遠", "台鑫", "信義", "三商", "華新", "光洋", "順德", "和泰"];
const COMPANIES: [&str; 10] = [
    "化工股份有限公司",
    "食品股份有限公司",
    "紡織廠",
    "陶瓷有限公司",
    "玻璃工業股份有限公司",
    "金屬熱處理有限公司",
    "洗衣廠",
    "製茶廠",
    "烘焙有限公司",
    "塗裝工業社",
];
const INSTITUTIONS: [&str; 9] = ["國民小學", "國民中學", "綜合醫院", "護理之家", "老人養護中心", "中央廚房", "大學學生餐廳", "消防分隊", "軍營廚房"];
const STREETS: [&str; 22] = [
    "中山路",
    "中正路",
    "民生路",
    "民權路",
    "民族路",
    "忠孝路",
    "仁愛路",
    "信義路",
    "和平路",
    "復興路",
    "文化路",
    "成功路",
    "光復路",
    "建國路",
    "自由路",
    "三民街",
    "博愛街",
    "大同街",
    "府前路",
    "延平北路",
    "南京東路",
    "公園路",
];
const SECTIONS: [&str; 5] = ["", "一段", "二段", "三段", "四段"];

pub(super) fn person(random: &mut Random, out: &mut String) {
    let position = random.weighted(&SURNAME_WEIGHTS);
    out.push_str(SURNAMES.get(position).copied().unwrap_or_default());
    out.push_str(random.pick(&GIVEN));
    if !random.chance(60_000) {
        out.push_str(random.pick(&GIVEN));
    }
}

pub(super) fn restaurant(random: &mut Random, depot: &Depot, out: &mut String) {
    out.push_str(random.pick(&SHOP_NAMES));
    out.push_str(random.pick(&SHOPS));
    // Names with commas and quotation marks: a reader that splits at every comma fails here.
    if random.chance(30_000) {
        out.push_str(", \"");
        out.push_str(random.pick(depot.districts));
        out.push_str("\" 分店");
    } else if random.chance(200_000) {
        out.push_str(random.pick(depot.districts));
        out.push('店');
    }
}

pub(super) fn company(random: &mut Random, out: &mut String) {
    out.push_str(random.pick(&COMPANY_NAMES));
    out.push_str(random.pick(&GIVEN));
    out.push_str(random.pick(&COMPANIES));
}

pub(super) fn institution(random: &mut Random, depot: &Depot, out: &mut String) {
    out.push_str(depot.city);
    out.push_str(random.pick(&GIVEN));
    out.push_str(random.pick(&GIVEN));
    out.push_str(random.pick(&INSTITUTIONS));
}

pub(super) fn address(random: &mut Random, depot: &Depot, district: &str, out: &mut String) {
    out.push_str(depot.city);
    out.push_str(district);
    out.push_str(random.pick(&STREETS));
    out.push_str(random.pick(&SECTIONS));
    if random.chance(250_000) {
        number(random.below(380) + 1, out);
        out.push('巷');
    }
    number(random.below(600) + 1, out);
    out.push('號');
    if random.chance(450_000) {
        number(random.below(14) + 2, out);
        out.push('樓');
    }
    if random.chance(20_000) {
        out.push_str(", 後門");
    }
}

pub(super) fn phone(random: &mut Random, depot: &Depot, mobile: bool, out: &mut String) {
    if mobile {
        out.push_str("09");
        digits(random, 2, out);
        out.push('-');
        digits(random, 3, out);
        out.push('-');
        digits(random, 3, out);
    } else {
        out.push_str(depot.area_code);
        out.push('-');
        digits(random, 4, out);
        out.push('-');
        digits(random, 4, out);
    }
}

pub(super) fn digits(random: &mut Random, count: usize, out: &mut String) {
    out.extend((0..count).map(|_| char::from(b'0' + random.below(10) as u8)));
}

fn number(value: u32, out: &mut String) {
    out.push_str(&value.to_string());
}
