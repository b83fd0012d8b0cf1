//! What the measurements and the stress programs share.
