import SystemPackage
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// A source and a target that meet the page cache in the way of a mode.
struct DirectPair {
  var source: Endpoint, target: Endpoint
  var sourcePath: FilePath, targetPath: FilePath

  init(
    _ bytes: [UInt8], engine: EngineName, _ mode: CacheMode, in directory: TestDirectory
  ) throws {
    sourcePath = try directory.write("source", bytes)
    targetPath = directory.path(of: "target")
    try evict(sourcePath)
    let input = try System.open(sourcePath, .readOnly)
    let output = try FileDescriptor.open(
      targetPath, .readWrite, options: [.create, .truncate, .closeOnExec],
      permissions: [.ownerReadWrite])
    let treatments = try [(sourcePath, input), (targetPath, output)].map { path, descriptor in
      try CachePlan.resolve(mode, of: path, kind: .regular, engine: engine, probe: descriptor)
    }
    for (descriptor, treatment) in zip([input, output], treatments)
    where treatment.mode == .direct {
      try CachePlan.setDirect(descriptor, true)
    }
    source = Endpoint(
      descriptor: input, kind: .regular, position: .offset(0), size: Int64(bytes.count),
      cache: treatments[0])
    target = Endpoint(
      descriptor: output, kind: .regular, position: .offset(0), cache: treatments[1])
  }

  func close() {
    try? source.descriptor.close()
    try? target.descriptor.close()
  }
}
