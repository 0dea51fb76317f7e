//! A driver's visit for an order.

use super::catalog::{BULK, CYLINDERS};
use super::day::{Day, Moment};
use super::order::{Correction, Order, draw_correction};
use super::random::{Random, Topic};
use super::record::Record;
use super::season;
use super::world::World;

/// How a visit ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Completed,
    /// Nobody was there.
    Failed,
    /// The customer sent the goods back.
    Returned,
}

/// All facts of a delivery that its order does not have.
pub(super) struct Delivery {
    pub(super) delivered_at: Moment,
    pub(super) outcome: Outcome,
    /// The day on which its first row arrives.
    pub(super) arrival: Day,
    pub(super) correction: Option<Correction>,
    pub(super) deletion: Option<Moment>,
    driver: i64,
    promised_at: Moment,
    /// In tenths of a kilometre.
    distance: i64,
    rating: Option<i64>,
}

impl Delivery {
    /// The delivery of an order that is visited at `delivered_at`.
    pub(super) fn derive(world: &World, order: &Order, delivered_at: Moment) -> Self {
        let mut random = Random::keyed(world.seed, Topic::Delivery, order.key.day.key(), u64::from(order.key.index));
        let outcome = match random.below(1000) {
            0..25 => Outcome::Failed,
            25..35 => Outcome::Returned,
            _ => Outcome::Completed,
        };
        let driver = world.drivers.draw(&mut random, order.depot);
        // Four of five come before the end of the promised half hour.
        let minutes_late = if random.chance(810_000) { -random.between(0, 75) } else { random.between(1, 150) };
        let promised = delivered_at.plus(i64::from(-minutes_late) * 60 + 900);
        let promised_at = Moment { second: promised.second / 1800 * 1800, ..promised };
        let spread = if order.depot > 8 { 320.0 } else { 140.0 };
        let distance = 3 + (random.unit() * random.unit() * spread) as i64;
        let rated = outcome == Outcome::Completed && random.chance(550_000);
        let stars: &[u32] = if minutes_late > 30 { &[15, 20, 30, 25, 10] } else { &[1, 2, 7, 30, 60] };
        let rating = rated.then(|| random.weighted(stars) as i64 + 1);
        let arrival = season::open_until(delivered_at.day.plus(random.lateness()));
        let correction = random.chance(5_000).then(|| draw_correction(&mut random, arrival, order.quantity));
        let correction = correction.map(|correction| Correction { at: shifted(correction.at), ..correction });
        let deletion = random.chance(1_000).then(|| shifted(Moment { day: arrival.plus(random.between(1, 20)), second: 82_800 }));
        Delivery { delivered_at, outcome, arrival, correction, deletion, driver, promised_at, distance, rating }
    }

    /// The moments after the first arrival at which the row changes and is sent again.
    pub(super) fn later_changes(&self) -> impl Iterator<Item = Moment> {
        [self.correction.map(|correction| correction.at), self.deletion].into_iter().flatten()
    }

    /// When and how the order ended.
    pub(super) fn order_outcome(&self) -> (Moment, &'static str) {
        let status = if self.outcome == Outcome::Failed { "cancelled" } else { "delivered" };
        (self.delivered_at.plus(120), status)
    }

    /// Writes the delivery as it is at the end of a day. `sequence` is its number on the day of the delivery.
    pub(super) fn write(&self, order: &Order, sequence: u32, as_of: Day, altered: bool, record: &mut Record) {
        let correction = self.correction.filter(|correction| correction.at.day <= as_of);
        let deletion = self.deletion.filter(|deletion| deletion.day <= as_of);
        let quantity = correction.map_or(order.quantity, |correction| correction.quantity) + i64::from(altered);
        let changes = [correction.map(|correction| correction.at), deletion];
        let updated_at = changes.into_iter().flatten().fold(self.delivered_at.plus(60), Moment::max);
        record.integer(self.delivered_at.day.id(sequence)).integer(order.key.id());
        record.integer(i64::from(order.customer.id)).integer(i64::from(order.depot) + 1);
        record.integer(i64::from(order.product) + 1).integer(self.driver);
        record.timestamp(self.promised_at).timestamp(self.delivered_at).integer(quantity);
        record.decimal(order.unit_price).decimal(order.unit_price * quantity).tenths(self.distance);
        record.word(match self.outcome {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Returned => "returned",
        });
        record.optional_integer(self.rating).timestamp(updated_at).boolean(deletion.is_some());
    }

    /// How many full cylinders left the depot for good.
    pub(super) fn cylinders(&self, order: &Order) -> Option<i64> {
        let brought = self.outcome == Outcome::Completed && order.product < BULK;
        (brought && usize::from(order.product) < CYLINDERS).then_some(order.quantity)
    }
}

/// Nobody works on closed days: what was due then is done on the next open one.
fn shifted(moment: Moment) -> Moment {
    Moment { day: season::open_from(moment.day), ..moment }
}
