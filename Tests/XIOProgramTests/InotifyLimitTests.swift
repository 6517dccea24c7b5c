import Testing
import XIOTestSupport

/// Follows where a user may have few watches or no instances of inotify.
@Suite struct InotifyLimitTests {
  // A file that comes and goes between two looks is seen by nobody.
  @Test(arguments: ["epoll", "uring", "posix-aio"], [1, 5])
  func worksWithoutWatches(_ engine: String, _ watches: Int) throws {
    let result = try followRotatedLogs(
      engine: engine, logs: 10, rotations: 2,
      launcher: ["--user-limit", "max_inotify_watches=\(watches)"], pause: { try $0.expect($1) })
    #expect(result.errorText.contains("hint: raise fs.inotify.max_user_watches"), "\(result)")
  }

  @Test(arguments: ["epoll", "uring", "blocking"]) func worksWithoutInotify(_ engine: String) throws
  {
    let result = try followRotatedLogs(
      engine: engine, logs: 10, rotations: 2,
      launcher: ["--user-limit", "max_inotify_instances=0"], pause: { try $0.expect($1) })
    #expect(result.errorText.contains("hint: raise fs.inotify.max_user_instances"), "\(result)")
  }
}
