//! The company's fixed tables: depots, products, and the list price of each month.

use super::day::Day;
use super::random::{Random, Topic};

/// Where cylinders are filled and driven from.
#[derive(Clone, Copy, Default)]
pub(super) struct Depot {
    pub(super) name: &'static str,
    pub(super) city: &'static str,
    pub(super) region: &'static str,
    pub(super) area_code: &'static str,
    pub(super) opened: (i32, u32, u32),
    pub(super) districts: &'static [&'static str],
}

#[rustfmt::skip]
pub(super) const DEPOTS: [Depot; 12] = [
    Depot { name: "大同配送站", city: "臺北市", region: "北部", area_code: "02", opened: (1998, 3, 16), districts: &["大同區", "中山區", "士林區", "北投區", "萬華區", "文山區"] },
    Depot { name: "板橋配送站", city: "新北市", region: "北部", area_code: "02", opened: (1996, 9, 2), districts: &["板橋區", "三重區", "中和區", "新莊區", "土城區", "汐止區", "淡水區"] },
    Depot { name: "中壢配送站", city: "桃園市", region: "北部", area_code: "03", opened: (2001, 5, 7), districts: &["中壢區", "桃園區", "平鎮區", "八德區", "楊梅區", "大溪區"] },
    Depot { name: "新竹配送站", city: "新竹市", region: "北部", area_code: "03", opened: (2005, 11, 21), districts: &["東區", "北區", "香山區"] },
    Depot { name: "西屯配送站", city: "臺中市", region: "中部", area_code: "04", opened: (1997, 6, 30), districts: &["西屯區", "北屯區", "南屯區", "豐原區", "大里區", "沙鹿區", "太平區"] },
    Depot { name: "彰化配送站", city: "彰化縣", region: "中部", area_code: "04", opened: (2003, 2, 10), districts: &["彰化市", "員林市", "鹿港鎮", "和美鎮", "溪湖鎮"] },
    Depot { name: "嘉義配送站", city: "嘉義市", region: "南部", area_code: "05", opened: (2008, 8, 18), districts: &["東區", "西區"] },
    Depot { name: "永康配送站", city: "臺南市", region: "南部", area_code: "06", opened: (1999, 10, 11), districts: &["永康區", "安平區", "安南區", "新營區", "佳里區", "善化區"] },
    Depot { name: "三民配送站", city: "高雄市", region: "南部", area_code: "07", opened: (1995, 4, 24), districts: &["三民區", "前鎮區", "鳳山區", "左營區", "楠梓區", "岡山區", "小港區"] },
    Depot { name: "屏東配送站", city: "屏東縣", region: "南部", area_code: "08", opened: (2010, 7, 5), districts: &["屏東市", "潮州鎮", "東港鎮", "恆春鎮"] },
    Depot { name: "花蓮配送站", city: "花蓮縣", region: "東部", area_code: "03", opened: (2014, 3, 3), districts: &["花蓮市", "吉安鄉", "玉里鎮", "壽豐鄉"] },
    Depot { name: "羅東配送站", city: "宜蘭縣", region: "東部", area_code: "03", opened: (2012, 12, 17), districts: &["羅東鎮", "宜蘭市", "蘇澳鎮", "礁溪鄉"] },
];

/// Each depot's share of the customers, relative to the others.
pub(super) const DEPOT_WEIGHTS: [u32; 12] = [11, 19, 13, 6, 16, 7, 4, 9, 14, 4, 2, 3];

/// What is sold.
#[derive(Clone, Copy, Default)]
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    /// Hundredths of a kilogram of gas in the cylinder; none where it is not a cylinder.
    pub(super) cylinder_kg: Option<i64>,
    /// The list price in hundredths of a dollar, before the months change it: a piece, or a kilogram of bulk gas.
    pub(super) price: i64,
}

#[rustfmt::skip]
pub(super) const PRODUCTS: [Product; 8] = [
    Product { name: "4公斤桶裝瓦斯", category: "cylinder", cylinder_kg: Some(400), price: 26_000 },
    Product { name: "10公斤桶裝瓦斯", category: "cylinder", cylinder_kg: Some(1000), price: 48_000 },
    Product { name: "16公斤桶裝瓦斯", category: "cylinder", cylinder_kg: Some(1600), price: 69_000 },
    Product { name: "20公斤桶裝瓦斯", category: "cylinder", cylinder_kg: Some(2000), price: 83_000 },
    Product { name: "50公斤桶裝瓦斯", category: "cylinder", cylinder_kg: Some(5000), price: 198_000 },
    Product { name: "散裝液化石油氣", category: "bulk", cylinder_kg: None, price: 3_350 },
    Product { name: "Q2調整器", category: "accessory", cylinder_kg: None, price: 42_000 },
    Product { name: "瓦斯軟管, 1.8公尺", category: "accessory", cylinder_kg: None, price: 18_000 },
];

/// The first products are the ones that come in cylinders.
pub(super) const CYLINDERS: usize = 5;
pub(super) const BULK: u8 = 5;

/// The depot with an index from 0.
pub(super) fn depot(index: u8) -> Depot {
    DEPOTS.get(usize::from(index)).copied().unwrap_or_default()
}

/// The list price of a product in the month of a day, in hundredths of a dollar. It changes on the first of each month.
pub(super) fn list_price(seed: u64, product: u8, month: i32) -> i64 {
    let base = PRODUCTS.get(usize::from(product)).copied().unwrap_or_default();
    if base.category == "accessory" {
        // Accessories follow once a year.
        return base.price + i64::from(month / 12 - 2020) * 500;
    }
    // The world market swings in waves of 14 months, a little differently each time.
    let phase = i64::from(month.rem_euclid(14));
    let wave = (phase - 7).abs() * 26 - 91;
    let noise = i64::from(Random::keyed(seed, Topic::Price, u64::from(month.unsigned_abs()), 0).between(-24, 24));
    let price = base.price * (1000 + wave + noise) / 1000;
    let step = if base.category == "bulk" { 5 } else { 500 };
    (price + step / 2) / step * step
}

/// How many cylinders of a product a depot holds when all is well.
pub(super) fn stock_level(deliveries_per_day: u32, depot_index: u8, product: usize) -> i64 {
    const MIX: [i64; CYLINDERS] = [40, 110, 240, 480, 210];
    let weight = i64::from(DEPOT_WEIGHTS.get(usize::from(depot_index)).copied().unwrap_or_default());
    let mix = MIX.get(product).copied().unwrap_or_default();
    20 + i64::from(deliveries_per_day) * weight * mix / 18_000
}

/// The first day of a depot's work.
pub(super) fn opened(depot: Depot) -> Day {
    let (year, month, day) = depot.opened;
    Day::from_civil(year, month, day)
}
