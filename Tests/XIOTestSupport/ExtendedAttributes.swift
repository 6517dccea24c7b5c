import CXIOTestSupport
import Glibc
public import SystemPackage

/// Returns the extended attributes of a file; of a symbolic link, its own. The second form in which xfs
/// shows access control lists is left out.
///
/// - Parameter path: the file.
/// - Returns: the values by their names; none where the file system has none.
public func extendedAttributes(_ path: FilePath) -> [String: [UInt8]] {
  var list = [CChar](repeating: 0, count: 4096)
  let length = path.withPlatformString { xio_test_list_attributes($0, &list, list.count) }
  var found: [String: [UInt8]] = [:]
  for name in list.prefix(max(0, length)).split(separator: 0) {
    let key = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if key.hasPrefix("trusted.SGI_ACL_") { continue }
    var value = [UInt8](repeating: 0, count: 65536)
    let count = path.withPlatformString {
      xio_test_get_attribute($0, key, &value, value.count)
    }
    found[key] = Array(value.prefix(max(0, count)))
  }
  return found
}

/// Sets an extended attribute.
///
/// - Parameters:
///   - name: its name, with the prefix that says of which kind it is.
///   - path: the file.
///   - value: its value.
/// - Throws: `SupportFailure` when that is not possible.
public func setExtendedAttribute(
  _ name: String, of path: FilePath, to value: [UInt8]
) throws {
  let result = path.withPlatformString { xio_test_set_attribute($0, name, value, value.count) }
  guard result == 0 else { throw SupportFailure.system("set \(name) of \(path)") }
}
