//! `raw_batches URI DATABASE`: moves the batches that a pull asks for, and looks
//! at none. What that takes is the driver's and the server's: no pull can be
//! faster.

use futures_util::StreamExt;
use mongodb::Client;
use mongodb::bson::{RawDocumentBuf, doc};

fn main() -> mongodb::error::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(uri), Some(database)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: raw_batches URI DATABASE");
        std::process::exit(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!("{} bytes", runtime.block_on(bytes(&uri, &database))?);
    Ok(())
}

async fn bytes(uri: &str, database: &str) -> mongodb::error::Result<usize> {
    let client = Client::with_uri_str(uri).await?;
    let collection = client
        .database(database)
        .collection::<RawDocumentBuf>("activitydata");
    // As the pull asks.
    let fields = doc! {
        "_id": 1, "time": 1, "since": 1, "online-members": 1, "messages-sent": 1, "quantities": 1
    };
    let mut batches = collection
        .find(doc! {})
        .projection(fields)
        .batch_size(2_000)
        .batch()
        .await?;
    let mut bytes = 0;
    while let Some(batch) = batches.next().await {
        bytes += batch?.as_raw_document().as_bytes().len();
    }
    Ok(bytes)
}
