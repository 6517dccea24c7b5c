internal import CXIO
public import SystemPackage

/// Nanoseconds on a clock.
public typealias Nanoseconds = Int64

/// The clocks that phases are measured with.
public enum Clock {
  /// Time that always goes on.
  ///
  /// The corresponding C function is `clock_gettime` with `CLOCK_MONOTONIC`.
  public static var monotonic: Nanoseconds { xio_monotonic_ns() }

  /// Processor time of the calling thread, in the kernel and outside.
  ///
  /// The corresponding C function is `clock_gettime` with `CLOCK_THREAD_CPUTIME_ID`.
  public static var threadCPU: Nanoseconds { xio_thread_cpu_ns() }
}

/// What the process has used so far.
public struct ProcessUsage: Sendable {
  /// Processor time in nanoseconds.
  public var user: Nanoseconds, system: Nanoseconds
  /// How often it gave up the processor, and how often it was taken away.
  public var voluntarySwitches: Int64, involuntarySwitches: Int64
  /// Page faults without and with a read from the device.
  public var minorFaults: Int64, majorFaults: Int64
  /// Time in nanoseconds that the calling thread was ready to run and waited for a processor.
  public var runQueue: Nanoseconds?
  /// Bytes read from and written to devices; nil where the kernel does not count them.
  public var device: (readBytes: UInt64, writeBytes: UInt64)?

  /// Reads all counters.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `getrusage`; see also proc(5) for `io` and `schedstat`.
  public static func current() throws(Errno) -> ProcessUsage {
    var usage = xio_usage()
    try System.perform(.getrusage) { xio_process_usage(&usage) }
    var queued: Nanoseconds = 0
    let hasQueue = xio_run_queue_ns(&queued) == 0
    var readBytes: UInt64 = 0
    var writeBytes: UInt64 = 0
    let hasDevice = xio_device_bytes(&readBytes, &writeBytes) == 0
    return ProcessUsage(
      user: usage.user_ns, system: usage.system_ns, voluntarySwitches: usage.voluntary_switches,
      involuntarySwitches: usage.involuntary_switches, minorFaults: usage.minor_faults,
      majorFaults: usage.major_faults, runQueue: hasQueue ? queued : nil,
      device: hasDevice ? (readBytes, writeBytes) : nil)
  }
}

extension System {
  /// The memory of the machine in bytes.
  ///
  /// The corresponding C function is `sysconf` with `_SC_PHYS_PAGES`.
  public static var physicalMemory: Int { Int(xio_physical_memory()) }

  /// The processors that this process may run on.
  ///
  /// The corresponding C function is `sched_getaffinity`.
  public static let processors = Int(xio_processors())

  /// The release of the running kernel.
  ///
  /// The corresponding C function is `uname`.
  public static var kernelRelease: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65) { buffer in
      guard let text = buffer.baseAddress, xio_kernel_release(text, buffer.count) == 0 else {
        return "unknown"
      }
      return String(cString: text)
    }
  }

  /// The version of liburing that the program was built with.
  public static var uringLibraryVersion: String { String(cString: xio_ring_library_version()) }

  /// The size of a huge page in bytes.
  public static let hugePageSize = Int(XIO_HUGE_PAGE)

  /// Reserves memory whose pages the kernel supplies when they are first touched.
  ///
  /// - Parameters:
  ///   - count: Bytes; with `isHuge` a multiple of ``hugePageSize``.
  ///   - isHuge: Whether to ask for huge pages.
  /// - Returns: The memory, aligned to pages.
  /// - Throws: ENOMEM.
  ///
  /// The corresponding C functions are `mmap` and `madvise`.
  public static func mapMemory(_ count: Int, isHuge: Bool = false) throws(Errno)
    -> UnsafeMutableRawBufferPointer
  {
    var memory: UnsafeMutableRawPointer?
    try perform(.mmap) { xio_map_memory(count, isHuge, &memory) }
    return UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  /// Gives memory of ``mapMemory(_:)`` back.
  ///
  /// The corresponding C function is `munmap`.
  public static func unmapMemory(_ memory: UnsafeMutableRawBufferPointer) {
    xio_unmap_memory(memory.baseAddress, memory.count)
  }
}
