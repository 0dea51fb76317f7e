//! What arrives on which day. Days are worked through in order; what an event brings about later is put on an agenda.

use std::collections::VecDeque;

use super::day::{Day, Moment};
use super::delivery::Delivery;
use super::movement::{Movement, Reason, StockCount, Stocks, lateness};
use super::order::{Fate, Order, OrderKey};
use super::payment::Payment;
use super::random::{Random, Topic};
use super::season::{self, Closure};
use super::world::World;

/// How many days before a day one must begin to know everything that arrives on it: a payment's number counts the payments
/// of orders up to 75 days old, and its row may arrive 40 days late; the rest is for closed days.
pub(super) const WARM_UP: i32 = 130;

/// Things by the day on which they are due.
struct Agenda<T> {
    first: Day,
    days: VecDeque<Vec<T>>,
}

impl<T> Agenda<T> {
    fn starting(first: Day) -> Self {
        Agenda { first, days: VecDeque::new() }
    }

    fn put(&mut self, day: Day, thing: T) {
        let position = day.since(self.first).max(0).unsigned_abs() as usize;
        while self.days.len() <= position {
            self.days.push_back(Vec::new());
        }
        if let Some(things) = self.days.get_mut(position) {
            things.push(thing);
        }
    }

    /// The things of the first day; the next day becomes the first.
    fn take(&mut self) -> Vec<T> {
        self.first = self.first.plus(1);
        self.days.pop_front().unwrap_or_default()
    }
}

/// A row of an order, delivery or payment that arrives.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) order: OrderKey,
    /// The number of the delivery or payment on its own day.
    pub(super) sequence: u32,
    /// Whether the same key has arrived before.
    pub(super) again: bool,
}

/// All rows that arrive on a day, but for the reference tables.
pub(super) struct Arrivals {
    pub(super) day: Day,
    pub(super) orders: Vec<Sent>,
    pub(super) deliveries: Vec<Sent>,
    pub(super) payments: Vec<Sent>,
    pub(super) movements: Vec<Movement>,
    pub(super) counts: Vec<StockCount>,
}

/// The company's days, one after another.
pub(super) struct Simulation {
    day: Day,
    order_rows: Agenda<Sent>,
    delivery_rows: Agenda<Sent>,
    payment_rows: Agenda<Sent>,
    movement_rows: Agenda<Movement>,
    visits: Agenda<(u32, OrderKey)>,
    payments: Agenda<(u32, OrderKey)>,
    stocks: Stocks,
}

impl Simulation {
    /// A simulation that is right from `day` on.
    pub(super) fn before(world: &World, day: Day) -> Self {
        let start = day.plus(-WARM_UP).max(world.first_day);
        let mut simulation = Simulation {
            day: start,
            order_rows: Agenda::starting(start),
            delivery_rows: Agenda::starting(start),
            payment_rows: Agenda::starting(start),
            movement_rows: Agenda::starting(start),
            visits: Agenda::starting(start),
            payments: Agenda::starting(start),
            stocks: Stocks::default(),
        };
        while simulation.day < day {
            simulation.advance(world);
        }
        simulation
    }

    /// The day that [`Simulation::advance`] works through next.
    pub(super) fn next_day(&self) -> Day {
        self.day
    }

    pub(super) fn advance(&mut self, world: &World) -> Arrivals {
        let day = self.day;
        self.take_orders(world, day);
        self.visit(world);
        self.collect(world);
        let counts = if Closure::of(day) == Closure::Open { self.stocks.counts(world, day) } else { Vec::new() };
        self.day = day.plus(1);
        Arrivals {
            day,
            orders: self.order_rows.take(),
            deliveries: self.delivery_rows.take(),
            payments: self.payment_rows.take(),
            movements: self.movement_rows.take(),
            counts,
        }
    }

    fn take_orders(&mut self, world: &World, day: Day) {
        let count = world.orders(day);
        for index in 0..count {
            let jitter = Random::keyed(world.seed, Topic::Demand, day.key(), u64::from(index) + 1).below(1 << 16);
            // One order in each of `count` equal parts of the day's profile, so that they come in the order of time.
            let part = ((u64::from(index) << 32) + (u64::from(jitter) << 16)) / u64::from(count);
            let second = season::second_at(&season::ORDER_HOURS, part as u32);
            let key = OrderKey { day, index, second };
            let order = Order::derive(world, key);
            let mut outcome = None;
            match order.fate {
                Fate::Forgotten => {}
                Fate::Cancelled(moment) => outcome = Some(moment),
                Fate::Visited(moment) => {
                    self.visits.put(moment.day, (moment.second, key));
                    let delivery = Delivery::derive(world, &order, moment);
                    outcome = Some(delivery.order_outcome().0);
                    if let Some(payment) = Payment::derive(world, &order, &delivery) {
                        self.payments.put(payment.paid_at.day, (payment.paid_at.second, key));
                    }
                }
            }
            self.order_rows.put(order.arrival, Sent { order: key, sequence: 0, again: false });
            let again = Sent { order: key, sequence: 0, again: true };
            put_once_a_day(&mut self.order_rows, order.later_changes(outcome), again);
        }
    }

    /// The day's deliveries in the order of time, and the cylinders that they move.
    fn visit(&mut self, world: &World) {
        let day = self.visits.first;
        let mut visits = self.visits.take();
        visits.sort_by_key(|(second, _)| *second);
        let mut movements = Vec::with_capacity(visits.len() * 3 / 2);
        self.stocks.own_movements(world, day, &mut movements);
        for (position, (second, key)) in visits.iter().enumerate() {
            let order = Order::derive(world, *key);
            let delivery = Delivery::derive(world, &order, Moment { day, second: *second });
            let sent = Sent { order: *key, sequence: position as u32 + 1, again: false };
            self.delivery_rows.put(delivery.arrival, sent);
            put_once_a_day(&mut self.delivery_rows, delivery.later_changes(), Sent { again: true, ..sent });
            move_cylinders(world, &order, &delivery, &mut movements);
        }
        self.report_movements(world, day, movements);
    }

    fn report_movements(&mut self, world: &World, day: Day, mut movements: Vec<Movement>) {
        movements.sort_by_key(|movement| movement.moved_at.second);
        let mut waiting = true;
        for (position, movement) in movements.iter_mut().enumerate() {
            movement.sequence = position as u32 + 1;
            if movement.reason != Reason::Received {
                self.stocks.apply(movement);
            }
            let first_of_customers = waiting && movement.customer > 0;
            waiting &= !first_of_customers;
            self.movement_rows.put(day.plus(lateness(world, movement, first_of_customers)), *movement);
        }
    }

    /// The day's payments in the order of time.
    fn collect(&mut self, world: &World) {
        let mut payments = self.payments.take();
        payments.sort_by_key(|(second, _)| *second);
        for (position, (_, key)) in payments.iter().enumerate() {
            let order = Order::derive(world, *key);
            let payment = paid(world, &order);
            if let Some((_, payment)) = payment {
                let sent = Sent { order: *key, sequence: position as u32 + 1, again: false };
                self.payment_rows.put(payment.arrival, sent);
            }
        }
    }
}

/// The delivery and the payment of an order that was paid.
pub(super) fn paid(world: &World, order: &Order) -> Option<(Delivery, Payment)> {
    let Fate::Visited(moment) = order.fate else { return None };
    let delivery = Delivery::derive(world, order, moment);
    let payment = Payment::derive(world, order, &delivery)?;
    Some((delivery, payment))
}

/// However often a row changes on a day, it is sent once, as it is in the evening.
fn put_once_a_day(agenda: &mut Agenda<Sent>, changes: impl Iterator<Item = Moment>, sent: Sent) {
    let mut days = [None; 3];
    for (position, moment) in changes.take(days.len()).enumerate() {
        if !days.contains(&Some(moment.day)) {
            agenda.put(moment.day, sent);
        }
        if let Some(day) = days.get_mut(position) {
            *day = Some(moment.day);
        }
    }
}

fn move_cylinders(world: &World, order: &Order, delivery: &Delivery, movements: &mut Vec<Movement>) {
    let Some(quantity) = delivery.cylinders(order) else { return };
    let key = order.key;
    let mut random = Random::keyed(world.seed, Topic::Movement, key.day.key(), key.id().unsigned_abs());
    let issued = Movement {
        moved_at: delivery.delivered_at,
        sequence: 0,
        depot: order.depot,
        product: order.product,
        reason: Reason::Issued,
        customer: order.customer.id,
        quantity: -(quantity as i32),
    };
    movements.push(issued);
    // The empty ones mostly stay behind until the plant's lorry takes them; only some come back to the depot.
    if random.chance(420_000) {
        movements.push(Movement { reason: Reason::Returned, quantity: quantity as i32, ..issued });
    }
}
