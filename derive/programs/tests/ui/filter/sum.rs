use arbour::prelude::*;
use jiff::Timestamp;
use rust_decimal::Decimal;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "sales")]
struct Sale {
    #[document(id)]
    id: u64,
    #[document(index)]
    price: Decimal,
    #[document(index)]
    title: String,
    #[document(index)]
    sold: Timestamp,
}

fn main() -> arbour::Result<()> {
    let store = arbour::MemoryStore::new();
    let sales = store.collection::<Sale>()?;
    let snapshot = store.snapshot()?;
    let price: Decimal = sales.all().sum(&snapshot, Sale::PRICE)?;
    sales.all().sum(&snapshot, Sale::TITLE)?;
    sales.all().sum(&snapshot, Sale::SOLD)?;
    sales.find(Sale::SOLD.above("2026-05-01"));
    sales.find(Sale::PRICE.above(9.5));
    drop(price);
    Ok(())
}
