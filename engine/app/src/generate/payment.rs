//! The money for an order: 0 to 75 days after it, or never.

use super::customer::Kind;
use super::day::{Day, Moment};
use super::delivery::{Delivery, Outcome};
use super::order::Order;
use super::random::{Random, Topic};
use super::record::Record;
use super::season;
use super::world::World;

const MOST_DAYS: i32 = 75;

/// One payment.
pub(super) struct Payment {
    pub(super) paid_at: Moment,
    /// The day on which its row arrives.
    pub(super) arrival: Day,
    /// In hundredths of a dollar.
    amount: i64,
    method: &'static str,
    names_order: bool,
}

impl Payment {
    /// The payment of a delivered order, if it is ever paid.
    pub(super) fn derive(world: &World, order: &Order, delivery: &Delivery) -> Option<Self> {
        if delivery.outcome != Outcome::Completed {
            return None;
        }
        let mut random = Random::keyed(world.seed, Topic::Payment, order.key.day.key(), u64::from(order.key.index));
        let never = match order.customer.kind {
            Kind::Household => 8_000,
            Kind::Restaurant => 40_000,
            Kind::Industry => 15_000,
            Kind::Institution => 3_000,
        };
        if random.chance(never) {
            return None;
        }
        let days = match order.customer.kind {
            Kind::Household if random.chance(860_000) => 0,
            Kind::Household => random.between(1, 20),
            _ if random.chance(180_000) => 0,
            // One in eight is late, up to the last day.
            _ if random.chance(125_000) => random.between(36, MOST_DAYS),
            _ => random.between(8, 40),
        };
        let day = order.key.day.plus(days).max(delivery.delivered_at.day);
        let second = season::second_at(&season::PAYMENT_HOURS, random.bits() as u32);
        let at_the_door = delivery.delivered_at.second + 240;
        let second = if day == delivery.delivered_at.day { second.max(at_the_door.min(86_399)) } else { second };
        let methods: &[u32] = match order.customer.kind {
            Kind::Household => &[58, 6, 11, 25],
            Kind::Restaurant => &[25, 55, 8, 12],
            Kind::Industry | Kind::Institution => &[1, 96, 3, 0],
        };
        let method = ["cash", "transfer", "card", "line_pay"].get(random.weighted(methods)).copied().unwrap_or("cash");
        let amount = order.unit_price * order.quantity;
        // Two in a hundred leave a tenth open, in whole dollars.
        let amount = if random.chance(20_000) { (amount * 9 / 10 / 100 * 100).max(100) } else { amount };
        let names_order = !random.chance(4_000);
        let arrival = day.plus(random.lateness());
        Some(Payment { paid_at: Moment { day, second }, arrival, amount, method, names_order })
    }

    /// Writes the payment. `sequence` is its number on the day of the payment.
    pub(super) fn write(&self, order: &Order, sequence: u32, altered: bool, record: &mut Record) {
        record.integer(self.paid_at.day.id(sequence));
        record.optional_integer(self.names_order.then(|| order.key.id()));
        record.integer(i64::from(order.customer.id)).timestamp(self.paid_at);
        record.decimal(self.amount + if altered { 1_000 } else { 0 }).word(self.method);
    }
}
