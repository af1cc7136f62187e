//! What a request means: for now, an echo.

use akua_wire::{FrameBuilder, decode};
use serde_json::{Value, json};

/// Builds what every run needs.
pub(crate) fn warm() {
    let request = FrameBuilder::new().part("request", br#"{"ping":true}"#).finish();
    std::hint::black_box(run(&request));
}

/// Answers a frame with a frame.
pub(crate) fn run(request: &[u8]) -> Vec<u8> {
    let answer = answer(request).unwrap_or_else(|| json!({"error": "E_REQUEST"}));
    FrameBuilder::new().part("result", answer.to_string().as_bytes()).finish()
}

/// The answer to a request that is one.
fn answer(request: &[u8]) -> Option<Value> {
    let frame = decode(request, usize::MAX).ok()?;
    let request: Value = serde_json::from_slice(frame.get("request")?).ok()?;
    let Some(call) = request.get("call") else { return Some(json!({"pong": request})) };
    let text = |index: usize| call.get(index).and_then(Value::as_str);
    let answer = crate::abi::invoke(text(0)?, text(1)?, text(2)?);
    serde_json::from_str(&answer).ok()
}
