// Two threads hand each other numbers through a bounded channel of crossbeam. Prints
// nanoseconds a message, batch by batch, as JSON.
use crossbeam_channel::bounded;
use std::{env, thread, time::Instant};

fn batch(count: u64) -> f64 {
    let (sender, receiver) = bounded::<i32>(1024);
    let start = Instant::now();
    let receiving = thread::spawn(move || {
        let mut sum = 0u64;
        for _ in 0..count {
            sum += receiver.recv().unwrap() as u64;
        }
        sum
    });
    for number in 0..count {
        sender.send(number as i32).unwrap();
    }
    let sum = receiving.join().unwrap();
    assert_eq!(sum, count * (count - 1) / 2, "a message was lost");
    start.elapsed().as_nanos() as f64 / count as f64
}

fn main() {
    let (count, batches) = if env::args().count() > 1 { (10_000, 1) } else { (1_000_000, 8) };
    let samples: Vec<String> = (0..batches).map(|_| batch(count).to_string()).collect();
    println!("{{\"message\":[{}]}}", samples.join(","));
}
