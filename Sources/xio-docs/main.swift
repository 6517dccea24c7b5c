import Glibc
import SystemPackage
import XIODocs

// Writes the manual and the completions of the project in the current directory.
do {
  for document in try Documents.make(in: ".") {
    let file = try FileDescriptor.open(
      document.path, .writeOnly, options: [.create, .truncate],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    _ = try file.closeAfter { try file.writeAll(document.text.utf8) }
  }
} catch {
  _ = try? FileDescriptor.standardError.writeAll("xio-docs: \(error)\n".utf8)
  exit(1)
}
