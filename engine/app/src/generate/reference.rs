//! Writes the small tables: drivers, and what headquarters sends whole every day.

use std::path::Path;

use super::catalog::{self, CYLINDERS, DEPOTS, PRODUCTS};
use super::day::Day;
use super::emit::Variant;
use super::error::Result;
use super::file::TextFile;
use super::source::Source;
use super::summary::FileSummary;
use super::world::World;

/// Writes the drivers whose rows arrive on a day, or all that there are at the end of a snapshot.
pub(super) fn drivers(world: &World, folder: &Path, day: Day, variant: Variant) -> Result<FileSummary> {
    let mut file = TextFile::create(folder, Source::Driver, true)?;
    let all = variant.snapshot.is_some() || day == world.first_day;
    for driver in world.drivers.all() {
        if !all && !world.drivers.is_sent(&driver, day) {
            continue;
        }
        let first = file.summary().rows == 0;
        let Some((altered, damage)) = variant.row(world, Source::Driver, driver.id(), day, first) else { continue };
        world.drivers.write(&driver, day, altered, file.row());
        file.end_row(damage)?;
        file.summary().corrections += u64::from(!all);
    }
    file.finish()
}

/// Writes all products.
pub(super) fn products(folder: &Path, variant: Variant) -> Result<FileSummary> {
    let mut file = TextFile::create(folder, Source::Product, true)?;
    for (index, product) in PRODUCTS.iter().enumerate() {
        let record = file.row();
        record.integer(index as i64 + 1);
        if variant.corrected && index == 0 {
            record.text(&format!("{} (新瓶)", product.name));
        } else {
            record.text(product.name);
        }
        record.word(product.category);
        match product.cylinder_kg {
            Some(hundredths) => record.decimal(hundredths),
            None => record.null(),
        };
        file.end_row(None)?;
    }
    file.finish()
}

/// Writes all depots.
pub(super) fn depots(world: &World, folder: &Path, variant: Variant) -> Result<FileSummary> {
    let mut file = TextFile::create(folder, Source::Depot, true)?;
    for (index, depot) in DEPOTS.iter().enumerate() {
        let level = |product| catalog::stock_level(world.deliveries_per_day, index as u8, product);
        let capacity = (0..CYLINDERS).map(level).sum::<i64>() * 3 / 2;
        let more = if variant.corrected && index == 0 { 10 } else { 0 };
        let record = file.row();
        record.integer(index as i64 + 1).text(depot.name).word(depot.region);
        record.integer(capacity / 10 * 10 + more).date(catalog::opened(*depot));
        file.end_row(None)?;
    }
    file.finish()
}

/// Writes all list prices from the first month of the company's data to that of a day.
pub(super) fn prices(world: &World, folder: &Path, day: Day, variant: Variant) -> Result<FileSummary> {
    let mut file = TextFile::create(folder, Source::Price, true)?;
    for month in world.first_day.month()..=day.month() {
        let valid_from = Day::first_of_month(month);
        for index in 0..PRODUCTS.len() {
            let newest = variant.corrected && month == day.month() && index == 0;
            let price = world.list_price(index as u8, valid_from) + if newest { 500 } else { 0 };
            file.row().integer(index as i64 + 1).date(valid_from).decimal(price);
            file.end_row(None)?;
        }
    }
    file.finish()
}
