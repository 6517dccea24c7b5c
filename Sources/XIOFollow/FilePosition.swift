/// Where reading had got to in one file.
public struct FilePosition: Sendable, Equatable {
  /// Which file.
  public var identity: FileIdentity
  /// Its handle and the time it was made, where the file system tells.
  public var handle: [UInt8], birthTime: Int64?
  /// The last bytes before an offset, and that offset, by which the file is recognised.
  public var marker: [UInt8], markerOffset: Int64
  /// What was about to be written, and what was accepted by standard output.
  public var sent: Int64, accepted: Int64
  /// Where in the output its last write went; nil when nothing is known of that.
  public var span: OutputSpan?
  /// Whether the file was read to its end and nobody could write to it any more.
  public var hasEnded = false

  /// Whether it is not known that standard output has accepted what was about to be written.
  var isPending: Bool { sent != accepted }

  /// What a file was left at that has ended.
  init(_ identity: FileIdentity, _ entry: EndedFiles.Entry) {
    self.init(
      identity, entry.handle, entry.birthTime, marker: entry.marker, at: entry.offset)
    hasEnded = true
  }

  /// How far a file has been delivered.
  init(_ generation: Generation) {
    self.init(
      generation.identity, generation.handle, generation.birthTime,
      marker: generation.settledMarker, at: generation.settledOffset)
  }

  private init(
    _ identity: FileIdentity, _ handle: [UInt8], _ birthTime: Int64?, marker: [UInt8],
    at offset: Int64
  ) {
    self.identity = identity
    self.handle = handle
    self.birthTime = birthTime
    self.marker = marker
    (markerOffset, sent, accepted) = (offset, offset, offset)
  }
}

/// The line of a checkpoint that is about a file: what it is, and then, at a fixed distance from its end, a
/// note that is written anew in place.
extension FilePosition {
  /// How many bytes a note has, without the end of the line.
  static let noteLength = 4 * (CheckpointText.numberWidth + 1) + 3

  /// The fields before the note, and a space.
  var head: String {
    let fields = [
      "file", String(identity.device), String(identity.inode), CheckpointText.hex(handle),
      birthTime.map { String($0) } ?? "-", String(markerOffset), CheckpointText.hex(marker),
    ]
    return fields.joined(separator: " ") + " "
  }

  /// What changes with every write.
  var note: String {
    let fields =
      [sent, accepted, span?.start ?? 0, span?.count ?? 0].map(CheckpointText.padded)
      + [span?.content.rawValue ?? "-", hasEnded ? "e" : "-"]
    return fields.joined(separator: " ")
  }

  /// Takes the fields of a line apart.
  init?(_ fields: [Substring]) {
    var span: OutputSpan?
    guard fields.count == 13, fields[0] == "file", let device = UInt64(fields[1]),
      let inode = UInt64(fields[2]), let markerOffset = Int64(fields[5]),
      let sent = Int64(fields[7]), let accepted = Int64(fields[8]),
      let handle = CheckpointText.bytes(fields[3]), let marker = CheckpointText.bytes(fields[6]),
      CheckpointText.take(fields[9...11], &span)
    else { return nil }
    self.init(
      FileIdentity(device: device, inode: inode), handle, Int64(fields[4]), marker: marker,
      at: markerOffset)
    (self.sent, self.accepted, self.span) = (sent, accepted, span)
    hasEnded = fields[12] == "e"
  }
}
