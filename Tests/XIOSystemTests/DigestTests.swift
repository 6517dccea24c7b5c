import Testing
import XIOSystem
import XIOTestSupport

/// Digests of bytes.
@Suite struct DigestTests {
  /// However bytes are cut, their digest is the same; one that is changed, moved or missing makes another.
  @Test func bytesInTheirOrderCount() {
    var source = RandomBytes(seed: 3)
    let bytes = source.next(1000)
    func digest(_ parts: [[UInt8]]) -> String {
      var digest = Digest()
      for part in parts { digest.add(part) }
      #expect(digest.count == parts.map { UInt64($0.count) }.reduce(0, +))
      return digest.text
    }
    let whole = digest([bytes])
    for cut in 0...20 {
      #expect(digest([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == whole)
    }
    var others: Set<String> = [whole]
    for index in stride(from: 0, to: 1000, by: 7) {
      var changed = bytes
      changed[index] ^= 1
      others.insert(digest([changed]))
      others.insert(digest([Array(bytes[..<index])]))
      changed = bytes
      changed.swapAt(index, index + 5)
      others.insert(digest([changed]))
    }
    // Two bytes that are swapped may be equal.
    #expect(others.count >= 1 + 3 * 143 - 5)
    #expect(digest([[0]]) != digest([[0, 0]]) && digest([]) != digest([[0]]))
  }

  /// Lines may come in any order and in pieces; a line that is changed, doubled or cut in two counts.
  @Test(arguments: [10, 0] as [UInt8])
  func linesCountInAnyOrder(_ delimiter: UInt8) {
    func digest(_ parts: [[UInt8]]) -> String {
      var digest = LineDigest(delimiter: delimiter)
      for part in parts { part.withUnsafeBytes { digest.add($0) } }
      #expect(digest.count == parts.map { UInt64($0.count) }.reduce(0, +))
      return digest.text
    }
    let lines = (0..<100).map { Array("line \($0 / 2)".utf8) + [delimiter] }
    let whole = digest([lines.flatMap { $0 }])
    #expect(digest(lines.shuffled()) == whole)
    let bytes = lines.reversed().flatMap { $0 }
    for cut in 0...20 { #expect(digest([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole) }
    var others: Set<String> = [whole, digest(lines + [lines[7]]), digest(Array(lines.dropLast()))]
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var changed = bytes
      changed[index] ^= 1
      others.insert(digest([changed]))
      others.insert(digest([Array(bytes[..<index]), [delimiter], Array(bytes[index...])]))
    }
    #expect(others.count >= 3 + bytes.count / 7, "\(others.count)")
    #expect(digest([[1, delimiter, 2]]) != digest([[1, delimiter, 2, delimiter]]))
  }

  @Test func matricesAreMultiplied() {
    let matrix = MatrixProduct(order: 3)
    matrix.multiply()
    let left = (0..<9).map { Double($0 % 7) + 0.5 }
    let right = (0..<9).map { Double($0 % 5) - 1.5 }
    var sum = 0.0
    for row in 0..<3 {
      for column in 0..<3 {
        for inner in 0..<3 { sum += left[row * 3 + inner] * right[inner * 3 + column] }
      }
    }
    #expect(abs(matrix.sum - sum) < 1e-9)
  }
}
