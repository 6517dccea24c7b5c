internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// `tail` without following, from its operands to its end.
struct LastPartRun {
  let inputs: [FilePath]
  let options: TailOptions
  let names: ShownNames
  let onNotice: (Tail.Notice) -> Void

  func run(_ measurement: Measurement?) throws(TailError) -> Tail.Output {
    var selection = EngineSelection.resolve(options.transfer.engine, candidates: candidates)
    var settled: (session: SessionConfiguration, queueDepth: Int)
    do throws(IOFailure) { settled = try options.transfer.session(for: &selection) } catch {
      throw .io(error)
    }
    settled.session.fallsBack = selection.asked == nil
    // Where nothing is to be printed GNU's does not look at the files either.
    let printsNothing = options.start.count == 0 && !options.start.fromBeginning
    var job = TailJob(
      inputs: printsNothing ? [] : inputs, options: options, session: settled.session,
      isAutomatic: selection.asked == nil, measures: measurement != nil, names: names,
      onNotice: onNotice)
    let done: TailJob.Output
    do throws(SessionError<Never>) {
      done = try Registry.run(&job, settled.session, onLatency: measurement?.observer)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
    let report = measurement.map { measurement in
      measurement.report(
        Measurement.Facts(
          command: "tail", sources: inputs, target: Tail.standardStream, selection: selection,
          session: settled.session, queueDepth: settled.queueDepth, files: done.files,
          result: done.result, metrics: done.metrics, counters: done.counters,
          succeeded: done.succeeded))
    }
    return Tail.Output(selection: selection, report: report, succeeded: done.succeeded)
  }

  private var candidates: [(engine: EngineName, reason: String)] {
    let blocking = (EngineName.blocking, "plain calls run everywhere")
    switch options.transfer.cache {
    case .page:
      return [(.kernel, "what is printed need not come to the process, unless it is small")]
    case .direct:
      return [(.uring, "direct reads are not read ahead, a queue of them is"), blocking]
    case .uncached, .keep:
      return [blocking]
    }
  }
}
