//! The model against the contract, case by case.
