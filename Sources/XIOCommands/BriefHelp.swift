/// What `-h` shows: the options that are needed most and examples, on one screen.
enum BriefHelp {
  /// The text for a command; nil for those whose `--help` is short enough.
  static func text(of command: String?) -> String? {
    switch command {
    case "cat": cat
    case "copy": copy
    case "tail": tail
    case "fanin": fanin
    case "compare": compare
    default: nil
    }
  }

  private static let cat = """
    Usage: xio cat [options] [file ...]
    Write files and pipes to standard output, one after the other.

      -n, -b              number all lines, or those that are not empty
      -s                  show only the first of several empty lines
      -A                  show what cannot be printed, tabs and ends of lines
      --engine NAME       auto, blocking, nonblocking, select, poll, epoll, sigio,
                          posix-aio, libaio, uring, kernel
      --cache MODE        page, direct, uncached, keep
      --report[=FORM]     say what it did and cost: text, json
      --progress          show how far it is

    Examples:
      xio cat a.txt - b.txt < c.txt
      xio cat --engine epoll --report data.bin > copy.bin
      xio cat -n a.txt | head -n 5

    All options: xio cat --help. The manual: man xio-cat

    """

  private static let copy = """
    Usage: xio copy [options] source ... target
    Copy files and trees, in parallel, and truthfully.

      -a                  keep everything: trees, links, times, owners, attributes
      -r                  copy directories with all that is in them
      -u, -n, -i          overwrite older files only, nothing, or after asking
      --jobs N            so many threads copy trees
      --atomic            every file appears complete or not at all
      --durability LEVEL  what is on the device: cached, data, full, batch
      --resume            go on with what an earlier --resume has begun
      --verify WHAT       compare copies: flight, media
      --progress          show how far it is
      --engine NAME       auto, blocking, nonblocking, select, poll, epoll, sigio,
                          posix-aio, libaio, uring, kernel
      --cache MODE        page, direct, uncached, keep
      --report[=FORM]     say what it did and cost: text, json

    Examples:
      xio copy --engine uring data.bin copy.bin
      xio copy -a tree backup
      xio copy --cache keep --report data.bin copy.bin

    All options: xio copy --help. The manual: man xio-copy

    """

  private static let tail = """
    Usage: xio tail [options] [file ...]
    Print the last part of files, and follow them without losing a line.

      -n NUM, -c NUM      the last NUM lines or bytes; from the NUMth on with +NUM
      -f, -F              follow the open file; follow the name, and wait for it
      -q, -v              never, or always, print headers
      -s SECONDS          look at every name so often, whatever is announced
      --pid PID           end once this process has
      --checkpoint FILE   keep positions in FILE, and go on there
      --engine NAME       auto, blocking, nonblocking, select, poll, epoll, sigio,
                          posix-aio, libaio, uring
      --report[=FORM]     say what it did and cost: text, json

    Examples:
      xio tail -n 20 app.log
      xio tail -F --report app.log
      xio tail -F --checkpoint app.state app.log

    All options: xio tail --help. The manual: man xio-tail

    """

  private static let fanin = """
    Usage: xio fanin [options] [source ...]
    Gather lines of many live sources into one stream, none of them torn.
    Sources: files, 'patterns', FIFOs, -, fd:N, cmd:COMMAND, unix:PATH,
    tcp:HOST:PORT, udp:HOST:PORT, unix-listen:PATH, tcp-listen:PORT, @LIST ...

      --label TEMPLATE    before each line: {name} {path} {n} {peer} {pid} {time}
      --format FORM       text, json, tail
      --order HOW         arrival, merge, window
      --on-full HOW       block, drop-oldest, drop-newest, spill
      --no-follow         end with files rather than follow them
      --until-idle TIME   end when nothing has come for so long
      --engine NAME       auto, blocking, nonblocking, select, poll, epoll, sigio,
                          posix-aio, libaio, uring
      --report[=FORM]     say what it did and cost: text, json

    Examples:
      xio fanin --label '{name:8} ' app.log 'cmd:date' tcp-listen:5140
      xio fanin --order merge --no-follow host1.log host2.log

    All options: xio fanin --help. The manual: man xio-fanin

    """

  private static let compare = """
    Usage: xio compare [options] copy|cat|tail|fanin [its options] [operand ...]
    Do one job with every engine, in turn, and learn which suits it.

      --engines LIST      blocking, nonblocking, select, poll, epoll, sigio,
                          posix-aio, libaio, uring, kernel (default: all)
      --cache LIST        page, direct, uncached, keep
      --state LIST        warm, cold
      --block-size LIST   such as 4K,64K,1M
      --queue-depth LIST  such as 1,4,16,64
      --sources LIST      with fanin: how many, such as 1,8,64,512
      --repeat N          run every setting so often (default: 5)
      --overlap           how much computing each engine leaves room for
      --json              print every run

    Examples:
      xio compare copy data.bin copy.bin
      xio compare --engines blocking,uring cat --cache page,direct data.bin
      xio compare --engines poll,epoll --repeat 1 fanin --sources 1,16

    All options: xio compare --help. The manual: man xio-compare

    """
}
