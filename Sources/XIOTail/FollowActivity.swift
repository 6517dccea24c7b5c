internal import XIOFollow

/// What is known of a descriptor of events.
enum Hearing {
  /// Nobody asks.
  case deaf
  /// It is to be told when there are some, or to read them once there are.
  case waiting
  /// There are some.
  case announced
  /// Those that are there are being read.
  case taking
}

/// What is being read or written; there is one output, so it is one thing at a time.
enum Activity {
  case idle
  case reading(Generation, epoch: Int)
  case writing(Generation, epoch: Int, payload: Range<Int>)
  /// A header alone.
  case heading
  /// The first part of a file that another source goes on reading.
  case copying, printing(count: Int)
  /// What a FIFO or device has sent, and of what it sent first.
  case streaming(slot: Int, count: Int), opening(Generation, count: Int)

  /// Whether it may take as long as the reader of standard output likes.
  var waitsForOutput: Bool {
    switch self {
    case .writing, .heading, .printing, .streaming, .opening: true
    case .idle, .reading, .copying: false
    }
  }
}
