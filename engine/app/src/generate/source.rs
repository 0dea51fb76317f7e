use std::fmt;

/// A table that Lucky Gas's systems send as files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Who buys.
    Customer,
    /// What is sold.
    Product,
    /// Where cylinders come from.
    Depot,
    /// Who drives.
    Driver,
    /// List prices by month.
    Price,
    /// What was ordered.
    SalesOrder,
    /// What was brought.
    Delivery,
    /// What was paid.
    Payment,
    /// Changes of a depot's stock of cylinders.
    CylinderMovement,
    /// The stock that was counted in the evening.
    InventoryCount,
}

/// How the rows of a file are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Csv,
    JsonLines,
    Parquet,
}

impl Source {
    /// All sources, in the order of their files.
    pub const ALL: [Source; 10] = [
        Source::Customer,
        Source::Product,
        Source::Depot,
        Source::Driver,
        Source::Price,
        Source::SalesOrder,
        Source::Delivery,
        Source::Payment,
        Source::CylinderMovement,
        Source::InventoryCount,
    ];

    /// The name of the source's contract, which is also the stem of its files.
    pub fn name(self) -> &'static str {
        match self {
            Source::Customer => "customer",
            Source::Product => "product",
            Source::Depot => "depot",
            Source::Driver => "driver",
            Source::Price => "price",
            Source::SalesOrder => "sales_order",
            Source::Delivery => "delivery",
            Source::Payment => "payment",
            Source::CylinderMovement => "cylinder_movement",
            Source::InventoryCount => "inventory_count",
        }
    }

    /// The name of its file in the folder of a day.
    pub fn file_name(self) -> String {
        let extension = match self.syntax() {
            Syntax::Csv => "csv",
            Syntax::JsonLines => "jsonl",
            Syntax::Parquet => "parquet",
        };
        format!("{}.{extension}", self.name())
    }

    pub(super) fn syntax(self) -> Syntax {
        match self {
            Source::Driver | Source::Payment => Syntax::JsonLines,
            Source::CylinderMovement => Syntax::Parquet,
            _ => Syntax::Csv,
        }
    }

    /// The columns in the order of the file.
    #[rustfmt::skip]
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Source::Customer => &[
                "customer_id", "name", "tax_id", "customer_type", "district", "address", "phone", "depot_id", "credit_limit",
                "registered_on", "updated_at", "is_deleted",
            ],
            Source::Product => &["product_id", "name", "category", "cylinder_kg"],
            Source::Depot => &["depot_id", "name", "region", "capacity_cylinders", "opened_on"],
            Source::Driver => &["driver_id", "name", "license_number", "depot_id", "hired_on", "is_active", "updated_at"],
            Source::Price => &["product_id", "valid_from", "list_price"],
            Source::SalesOrder => &[
                "order_id", "customer_id", "depot_id", "product_id", "ordered_at", "quantity", "unit_price", "amount", "due_on",
                "channel", "status", "updated_at", "is_deleted",
            ],
            Source::Delivery => &[
                "delivery_id", "order_id", "customer_id", "depot_id", "product_id", "driver_id", "promised_at", "delivered_at",
                "quantity", "unit_price", "amount", "distance_km", "status", "rating", "updated_at", "is_deleted",
            ],
            Source::Payment => &["payment_id", "order_id", "customer_id", "paid_at", "amount", "method"],
            Source::CylinderMovement => &[
                "movement_id", "depot_id", "product_id", "customer_id", "moved_at", "movement", "quantity",
            ],
            Source::InventoryCount => &[
                "count_id", "depot_id", "product_id", "counted_at", "full_cylinders", "empty_cylinders",
            ],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
