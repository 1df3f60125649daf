//! What `/metrics` shows, in Prometheus text.

use std::fmt::Write;
use std::time::Duration;

use hyper::StatusCode;

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What was counted since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: u64,
    errors: u64,
    /// Cumulative, as the format wants them.
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
}

impl Metrics {
    /// Counts one request.
    pub(super) fn add(&mut self, status: StatusCode, took: Duration) {
        let seconds = took.as_secs_f64();
        self.requests += 1;
        self.errors += u64::from(status.is_server_error());
        self.seconds += seconds;
        for (count, bound) in self.buckets.iter_mut().zip(BUCKETS) {
            *count += u64::from(seconds <= bound);
        }
    }

    /// All of it as text.
    pub(super) fn text(&self, version: &str, leaked_bytes: usize) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, samples: &str| {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
        };
        family("requests_total", "counter", "Requests answered.", &format!("requests_total {}\n", self.requests));
        family("errors_total", "counter", "Requests answered with 5xx.", &format!("errors_total {}\n", self.errors));
        family("request_duration_seconds", "histogram", "Time until the answer.", &self.histogram());
        family("leaked_bytes", "gauge", "Bytes kept by the leak switch.", &format!("leaked_bytes {leaked_bytes}\n"));
        if let Some(bytes) = resident_bytes() {
            family("process_resident_memory_bytes", "gauge", "Memory in use.", &format!("process_resident_memory_bytes {bytes}\n"));
        }
        family("build_info", "gauge", "What runs.", &format!("build_info{{version=\"{}\"}} 1\n", escaped(version)));
        text
    }

    fn histogram(&self) -> String {
        let mut text = String::new();
        for (count, bound) in self.buckets.iter().zip(BUCKETS) {
            let _ = writeln!(text, "request_duration_seconds_bucket{{le=\"{bound}\"}} {count}");
        }
        let Metrics { requests, seconds, .. } = self;
        let _ = write!(
            text,
            "request_duration_seconds_bucket{{le=\"+Inf\"}} {requests}\nrequest_duration_seconds_sum {seconds}\nrequest_duration_seconds_count {requests}\n"
        );
        text
    }
}

/// Memory in use, where the kernel tells it in `/proc`; none elsewhere, and then the gauge is left out rather than guessed.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_only_5xx_is_an_error() {
        let mut metrics = Metrics::default();
        metrics.add(StatusCode::OK, Duration::from_millis(3));
        metrics.add(StatusCode::UNAUTHORIZED, Duration::from_millis(30));
        metrics.add(StatusCode::BAD_GATEWAY, Duration::from_secs(20));
        let text = metrics.text("1.0 \"x\"", 7);
        for line in [
            "requests_total 3",
            "errors_total 1",
            "request_duration_seconds_bucket{le=\"0.001\"} 0",
            "request_duration_seconds_bucket{le=\"0.005\"} 1",
            "request_duration_seconds_bucket{le=\"1\"} 2",
            "request_duration_seconds_bucket{le=\"+Inf\"} 3",
            "leaked_bytes 7",
            "build_info{version=\"1.0 \\\"x\\\"\"} 1",
        ] {
            assert!(text.lines().any(|seen| seen == line), "no `{line}` in\n{text}");
        }
    }
}
