internal import Glibc
internal import XIOSystem

/// Times as text, of which only the last second is kept.
struct StampCache {
  private var second = Int64.min
  private var head: [UInt8] = []

  /// The time in ISO 8601, in UTC, with milliseconds.
  mutating func text(_ time: Nanoseconds) -> [UInt8] {
    let (quotient, remainder) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    let (seconds, rest) =
      remainder < 0 ? (quotient - 1, remainder + 1_000_000_000) : (quotient, remainder)
    if seconds != second {
      second = seconds
      let date = CivilDate(secondsSince1970: seconds)
      head = Array(
        "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(date.hour)):\(two(date.minute)):\(two(date.second))."
          .utf8)
    }
    let milliseconds = Int(rest / 1_000_000)
    return head + [
      UInt8(48 + milliseconds / 100), UInt8(48 + milliseconds / 10 % 10),
      UInt8(48 + milliseconds % 10), UInt8(ascii: "Z"),
    ]
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// A time of the calendar, in UTC.
struct CivilDate {
  var year: Int, month: Int, day: Int
  var hour = 0, minute = 0, second = 0

  init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// Years begin in March here, so that the day that some years have comes last.
  init(secondsSince1970 seconds: Int64) {
    let days = Int(seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400)
    let rest = Int(seconds - Int64(days) * 86400)
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
  }

  /// Seconds since 1970.
  var seconds: Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = Int64(era) * 146_097 + Int64(dayOfEra) - 719_468
    return days * 86400 + Int64(hour * 3600 + minute * 60 + second)
  }

  /// Whether there is such a time.
  var isValid: Bool {
    (1...12).contains(month) && (1...31).contains(day) && (0...23).contains(hour)
      && (0...59).contains(minute) && (0...60).contains(second)
  }
}

/// What the clocks of this place are ahead of UTC, in seconds, which is asked for once in every hour.
struct LocalOffset {
  private var hour = Int64.min
  private var offset: Int64 = 0

  /// Takes a time of this place for what it is in UTC.
  mutating func universal(_ local: Int64) -> Int64 {
    let asked = local / 3600
    if asked != hour {
      hour = asked
      var time = time_t(local)
      var parts = tm()
      // A first guess is off by hours at most, and only then matters when clocks are changed.
      localtime_r(&time, &parts)
      time = time_t(local - Int64(parts.tm_gmtoff))
      localtime_r(&time, &parts)
      offset = Int64(parts.tm_gmtoff)
    }
    return local - offset
  }
}

extension Clock {
  /// Nanoseconds since 1970.
  static var calendar: Nanoseconds {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Nanoseconds(now.tv_sec) * 1_000_000_000 + Nanoseconds(now.tv_nsec)
  }
}
