//! The generator's own random numbers, so that no upgrade of a dependency ever changes a byte of the data.
//!
//! The algorithm is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014, with
//! the constants of Sebastiano Vigna's public-domain `splitmix64.c`). Every fact has a stream of its own, keyed by the
//! seed, a topic and two numbers; therefore any row can be made again without the rows before it. Only integers and the
//! four basic operations on `f64` are used: `powf` and `ln` may differ in the last bit from one C library to the next.

/// What a stream of numbers is for. Two topics never share numbers.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    Demand = 1,
    Order,
    Delivery,
    Payment,
    Movement,
    Stock,
    Count,
    Customer,
    CustomerChange,
    Driver,
    DriverChange,
    Price,
    Damage,
    Revision,
    Ranking,
}

/// A stream of random numbers.
pub(super) struct Random(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Random {
    /// The stream of one fact.
    pub(super) fn keyed(seed: u64, topic: Topic, first: u64, second: u64) -> Self {
        let topic = mix(seed.wrapping_add((topic as u64).wrapping_mul(STEP)));
        let first = mix(topic ^ first.wrapping_mul(STEP));
        Random(mix(first.wrapping_add(second.wrapping_mul(STEP))))
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to before `limit`; 0 where `limit` is 0.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        let upper = self.bits() >> 32;
        ((upper * u64::from(limit)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).unsigned_abs()) as i32
    }

    /// True `parts` times in a million.
    pub(super) fn chance(&mut self, parts: u32) -> bool {
        self.below(1_000_000) < parts
    }

    /// A number from 0 to before 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An element of a table; each is equally likely.
    pub(super) fn pick<T: Copy + Default>(&mut self, table: &[T]) -> T {
        let index = self.below(table.len() as u32) as usize;
        table.get(index).copied().unwrap_or_default()
    }

    /// The position of an element, as likely as its weight.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (position, weight) in weights.iter().enumerate() {
            if left < *weight {
                return position;
            }
            left -= weight;
        }
        0
    }

    /// How many days after its event a row arrives: 0 for 99 in 100, else 1 to 40, mostly few.
    pub(super) fn lateness(&mut self) -> i32 {
        if !self.chance(10_000) {
            return 0;
        }
        let unit = self.unit();
        1 + (unit * unit * unit * f64::from(super::MOST_DAYS_LATE)) as i32
    }
}
