//! What holds for all days.

use super::catalog;
use super::customer::Customers;
use super::day::Day;
use super::driver::Drivers;
use super::season;

/// The company as the options describe it. It has no state that changes.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) first_day: Day,
    pub(super) deliveries_per_day: u32,
    pub(super) customers: Customers,
    pub(super) drivers: Drivers,
}

/// Of a thousand orders, so many lead to a delivery; the others are cancelled or forgotten.
const VISITED: i64 = 960;

impl World {
    pub(super) fn new(seed: u64, first_day: Day, deliveries_per_day: u32) -> Self {
        World {
            seed,
            first_day,
            deliveries_per_day,
            customers: Customers::new(seed, first_day, deliveries_per_day),
            drivers: Drivers::new(seed, first_day, deliveries_per_day),
        }
    }

    /// How many orders come in on a day; none before the first day.
    pub(super) fn orders(&self, day: Day) -> u32 {
        if day < self.first_day {
            return 0;
        }
        let millionths = i64::from(self.deliveries_per_day) * 1_000_000 * 1000 / VISITED;
        season::orders(self.seed, self.first_day, day, millionths)
    }

    /// In hundredths of a dollar.
    pub(super) fn list_price(&self, product: u8, day: Day) -> i64 {
        catalog::list_price(self.seed, product, day.month())
    }
}
