// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  // Engines are generic: without this a job would look their code up at run time, at every call.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  // Tests are built with these checks; a follow would make dozens of them for every line.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
  name: "xio",
  products: [.executable(name: "xio", targets: ["xio"])],
  // Exact, so that what is built and checked does not depend on the day.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
  ],
  targets: [
    .target(
      name: "CXIO",
      cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("uring"), .linkedLibrary("aio")]),
    .target(name: "XIOSystem", dependencies: ["CXIO", system]),
    .target(name: "XIOEngines", dependencies: ["CXIO", "XIOSystem", system]),
    .target(name: "XIOReport", dependencies: ["XIOSystem", "XIOEngines", system, histogram]),
    .target(name: "XIOCopy", dependencies: ["XIOSystem", "XIOEngines", "XIOReport", system]),
    .target(name: "XIOCat", dependencies: ["XIOSystem", "XIOEngines", "XIOReport", system]),
    .target(name: "XIOCache", dependencies: ["XIOSystem", "XIOEngines", "XIOReport", system]),
    .target(name: "XIOCharts", dependencies: ["XIOReport"]),
    .target(name: "XIOFollow", dependencies: ["XIOSystem", "XIOEngines", system]),
    .target(
      name: "XIOTail",
      dependencies: ["CXIO", "XIOSystem", "XIOEngines", "XIOReport", "XIOFollow", system]),
    .target(
      name: "XIOFanin",
      dependencies: [
        "CXIO", "XIOSystem", "XIOEngines", "XIOReport", "XIOFollow", system, deque, heap,
      ]),
    .target(name: "XIOCompare", dependencies: ["XIOSystem", "XIOEngines", "XIOReport", system]),
    .target(
      name: "XIOCommands",
      dependencies: [
        "XIOSystem", "XIOEngines", "XIOReport", "XIOCopy", "XIOCat", "XIOTail", "XIOFanin",
        "XIOCache", "XIOCompare", "XIOCharts", system, arguments,
      ]),
    .executableTarget(name: "xio", dependencies: ["XIOCommands"]),
    .target(name: "XIODocs", dependencies: ["XIOCommands", system]),
    .executableTarget(name: "xio-docs", dependencies: ["XIODocs", system]),

    .target(
      name: "CXIOTestSupport", path: "Tests/CXIOTestSupport", cSettings: [.define("_GNU_SOURCE")]),
    .executableTarget(
      name: "xio-launcher", path: "Tests/xio-launcher", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "XIOTestSupport", dependencies: ["CXIOTestSupport", system],
      path: "Tests/XIOTestSupport",
      // It writes and checks millions of lines, for which tests would wait most of the time.
      swiftSettings: [.unsafeFlags(["-O"])]),
    .testTarget(name: "XIOTestSupportTests", dependencies: ["XIOTestSupport", system]),
    .testTarget(
      name: "XIOSystemTests", dependencies: ["CXIO", "XIOSystem", "XIOTestSupport", system]),
    .testTarget(
      name: "XIOEnginesTests",
      dependencies: ["XIOSystem", "XIOEngines", "XIOTestSupport", "CXIOTestSupport", system]),
    .testTarget(
      name: "XIOReportTests",
      dependencies: ["XIOSystem", "XIOEngines", "XIOReport", "XIOTestSupport", system]),
    .testTarget(
      name: "XIOCopyTests",
      dependencies: ["XIOSystem", "XIOEngines", "XIOCopy", "XIOTestSupport", system]),
    .testTarget(name: "XIOChartsTests", dependencies: ["XIOCharts", "XIOTestSupport", system]),
    .testTarget(
      name: "XIOFollowTests", dependencies: ["XIOSystem", "XIOFollow", "XIOTestSupport", system]),
    .testTarget(
      name: "XIOFaninTests", dependencies: ["XIOSystem", "XIOFanin", "XIOTestSupport", system]),
    .testTarget(name: "XIOCompareTests", dependencies: ["XIOCompare", "XIOReport"]),
    .testTarget(
      name: "XIOCommandsTests",
      dependencies: [
        "XIOSystem", "XIOEngines", "XIOCat", "XIOTail", "XIOCommands", "XIOTestSupport", system,
        arguments,
      ]),
    .testTarget(
      name: "XIOProgramTests", dependencies: ["xio", "xio-launcher", "XIOTestSupport", system]),
    .testTarget(
      name: "XIOGlobalStateTests", dependencies: ["xio", "xio-launcher", "XIOTestSupport", system]),
    .testTarget(
      name: "XIODocsTests", dependencies: ["XIOCommands", "XIODocs", "XIOTestSupport", system]),
    .testTarget(name: "TidyTests"),
  ]
)

let writtenInC = ["CXIO", "CXIOTestSupport", "xio-launcher"]
for target in package.targets where !writtenInC.contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + settings
}
