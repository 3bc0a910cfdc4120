//! What is counted, fitted and told, against what others compute from the same data,
//! or against a truth that the test itself made.

#[path = "../reference/mod.rs"]
mod reference;

mod changes;
mod csv;
mod exporter;
mod newcomers;
mod people;
mod periods;
mod rate;
mod rows;
mod sample;
mod simulation;
mod spline;
mod unseen;
mod zones;
