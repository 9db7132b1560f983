//! Where figures come from, and when.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

/// One fact a line.
pub(crate) fn description() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_string();
    let cpus = read("/proc/cpuinfo");
    let field = |name| {
        let line = cpus.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value)
    };
    let guest = field("flags").split(' ').any(|flag| flag == "hypervisor");
    let known = |text: String| if text.is_empty() { "not visible".to_string() } else { text };
    let hypervisor = [
        read("/sys/class/dmi/id/sys_vendor"),
        read("/sys/class/dmi/id/product_name"),
        read("/sys/hypervisor/type"),
    ]
    .join(" ");
    let hypervisor = match (guest, hypervisor.trim()) {
        (true, "") => "virtual machine (hypervisor flag; maker not visible)".to_string(),
        (true, name) => format!("virtual machine ({name})"),
        (false, _) => "no hypervisor seen".to_string(),
    };
    let governor = known(read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    vec![
        format!(
            "{}, family {}, model {}, {} processors to use",
            field("model name"),
            field("cpu family"),
            field("model\t"),
            thread::available_parallelism().map_or(1, usize::from)
        ),
        format!("{hypervisor}; frequency governor {governor}"),
        format!(
            "{} {}; {}; load at start {}",
            env::consts::OS,
            read("/proc/sys/kernel/osrelease"),
            compiler(),
            read("/proc/loadavg").split(' ').next().unwrap_or("unknown")
        ),
    ]
}

/// Of the compiler that is found now, most likely the one that built this.
fn compiler() -> String {
    let version = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into())).arg("-V").output();
    let text = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or("rustc not found".to_string(), |text| text.trim().to_string())
}

/// Today, in UTC, as `2026-11-25`.
pub(crate) fn date() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// The date of so many days after the first of January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut left, mut year) = (days, 1970);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_leap_days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(19_722), (2023, 12, 31));
        assert_eq!(civil(20_782), (2026, 11, 25));
    }
}
