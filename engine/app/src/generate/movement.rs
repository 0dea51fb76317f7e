//! Changes of the depots' stocks of cylinders.

use super::catalog::{CYLINDERS, DEPOTS, stock_level};
use super::day::{Day, Moment};
use super::random::{Random, Topic};
use super::season;
use super::world::World;

/// Why a stock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Received,
    Issued,
    Returned,
    Lost,
    Scrapped,
}

impl Reason {
    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::Received => "received",
            Reason::Issued => "issued",
            Reason::Returned => "returned",
            Reason::Lost => "lost",
            Reason::Scrapped => "scrapped",
        }
    }
}

/// One change of one depot's stock of one product.
#[derive(Clone, Copy)]
pub(super) struct Movement {
    pub(super) moved_at: Moment,
    /// Its number on the day of the movement, from 1.
    pub(super) sequence: u32,
    pub(super) depot: u8,
    pub(super) product: u8,
    pub(super) reason: Reason,
    /// 0 where no customer takes part.
    pub(super) customer: u32,
    /// The change of the depot's stock.
    pub(super) quantity: i32,
}

/// How much each depot's stock of each kind of cylinder has changed and not been made good yet.
#[derive(Clone, Default)]
pub(super) struct Stocks {
    missing: [[i64; CYLINDERS]; DEPOTS.len()],
}

impl Stocks {
    pub(super) fn apply(&mut self, movement: &Movement) {
        let depot = self.missing.get_mut(usize::from(movement.depot));
        if let Some(missing) = depot.and_then(|depot| depot.get_mut(usize::from(movement.product))) {
            *missing -= i64::from(movement.quantity);
        }
    }

    /// The movements of a day that no customer takes part in, in no order. The plant makes good what is missing.
    pub(super) fn own_movements(&mut self, world: &World, day: Day, movements: &mut Vec<Movement>) {
        if season::is_closed(day) {
            return;
        }
        for (depot, products) in self.missing.iter_mut().enumerate() {
            for (product, missing) in products.iter_mut().enumerate() {
                let mut random = Random::keyed(world.seed, Topic::Stock, day.key(), (depot * 100 + product) as u64);
                let opening = day == world.first_day;
                let level = stock_level(world.deliveries_per_day, depot as u8, product);
                let received = if opening { level } else { std::mem::take(missing) };
                let mut add = |reason, second, quantity: i64| {
                    let moved_at = Moment { day, second };
                    let (depot, product, quantity) = (depot as u8, product as u8, quantity as i32);
                    movements.push(Movement { moved_at, sequence: 0, depot, product, reason, customer: 0, quantity });
                };
                // The filling plant's lorries come before dawn.
                let second = if opening { 60 } else { 16_200 + random.below(9_000) };
                if received > 0 {
                    add(Reason::Received, second, received);
                }
                if random.chance(18_000) {
                    add(Reason::Lost, 72_000 + random.below(7_200), -i64::from(random.between(1, 3)));
                }
                if random.chance(25_000) {
                    add(Reason::Scrapped, 54_000 + random.below(7_200), -i64::from(random.between(1, 6)));
                }
            }
        }
    }

    /// What is counted in the evening: for each depot and kind of cylinder the full and the empty ones.
    pub(super) fn counts(&self, world: &World, day: Day) -> Vec<StockCount> {
        let mut counts = Vec::with_capacity(DEPOTS.len() * CYLINDERS);
        for (depot, products) in self.missing.iter().enumerate() {
            for (product, missing) in products.iter().enumerate() {
                let mut random = Random::keyed(world.seed, Topic::Count, day.key(), (depot * 100 + product) as u64);
                let level = stock_level(world.deliveries_per_day, depot as u8, product);
                let miscounted = if random.chance(60_000) { i64::from(random.between(-3, 3)) } else { 0 };
                let all = (level - missing + miscounted).max(0);
                let full = (level * i64::from(random.between(55, 75)) / 100 - missing).clamp(0, all);
                counts.push(StockCount {
                    depot: depot as u8,
                    product: product as u8,
                    counted_at: Moment { day, second: 77_400 + random.below(3_600) },
                    full,
                    empty: all - full,
                });
            }
        }
        counts
    }
}

/// One depot's cylinders of one kind, as counted.
pub(super) struct StockCount {
    pub(super) depot: u8,
    pub(super) product: u8,
    pub(super) counted_at: Moment,
    pub(super) full: i64,
    pub(super) empty: i64,
}

impl StockCount {
    /// The number of the count on its day.
    pub(super) fn sequence(&self) -> u32 {
        u32::from(self.depot) * 100 + u32::from(self.product) + 1
    }
}

/// How many days late a movement's row arrives. On every tenth day the first movement of a customer is reported by a
/// depot exactly as late as can be.
pub(super) fn lateness(world: &World, movement: &Movement, first_of_customers: bool) -> i32 {
    let day = movement.moved_at.day;
    if first_of_customers && day.0 % 10 == 4 {
        return super::MOST_DAYS_LATE;
    }
    Random::keyed(world.seed, Topic::Movement, day.key(), u64::from(movement.sequence)).lateness()
}
