// SPDX-License-Identifier: MIT
// Reading many small files with tokio's fs, 64 at a time.
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;

fn main() {
    let folder = Arc::new(std::env::args().nth(1).unwrap());
    let count: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for round in 0..2 {
            let start = Instant::now();
            let limit = Arc::new(Semaphore::new(64));
            let mut tasks = Vec::with_capacity(count);
            for i in 0..count {
                let permit = limit.clone().acquire_owned().await.unwrap();
                let folder = folder.clone();
                tasks.push(tokio::spawn(async move {
                    let bytes = tokio::fs::read(format!("{}/{}", folder, i)).await.unwrap().len();
                    drop(permit);
                    bytes
                }));
            }
            let mut bytes = 0;
            for task in tasks {
                bytes += task.await.unwrap();
            }
            assert_eq!(bytes, count * 4096);
            if round == 1 {
                println!("us {:.4}", start.elapsed().as_secs_f64() / count as f64 * 1e6);
            }
        }
    });
}
