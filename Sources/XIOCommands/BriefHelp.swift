/// What `-h` shows: the options that are needed most and examples, on one screen.
enum BriefHelp {
  /// The text for a command, or for the program; nil when there is no such command.
  static func text(of command: String?) -> String? {
    switch command {
    case nil: program
    case "cat": cat
    case "copy": copy
    case "tail": tail
    case "fanin": fanin
    case "compare": compare
    case "engines": engines
    case "cache": cache
    default: nil
    }
  }

  private static let program = """
    Usage: xio command [options] [operand ...]
    Move bytes by the I/O model of your choice, and learn what the kernel did.

      copy       copy files and trees, in parallel, and truthfully
      cat        write files and pipes to standard output, one after the other
      tail       print the last part of files, and follow them without a loss
      fanin      gather lines of many live sources into one stream
      compare    do one job with every engine, and learn which suits it
      engines    list the I/O engines, and what each can do here and with a file
      cache      show, fill or empty the page cache of files
      --version  print the version; with -v name the kernel and the engines, too

    Examples:
      xio copy --engine uring --report data.bin copy.bin
      xio tail -F app.log
      xio engines data.bin

    The options of a command: xio copy -h. The manual: man xio

    """

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

  private static let engines = """
    Usage: xio engines [path]
    List the I/O engines, and what each can do here and with a file.

      path  a file, or fd:N for a descriptor that is open

    Examples:
      xio engines
      xio engines data.bin

    The manual: man xio-engines, and of the models: man 7 xio-engines

    """

  private static let cache = """
    Usage: xio cache [options] show|warm|evict file ...
    Show, fill or empty the page cache of files.

      show           which parts of files are in memory, and not on the device
      warm           read files, so that they are in memory
      evict          write files to the device, and give their pages up
      -r             take all files below directories
      --json         print a line of JSON for each file, and one for all of them
      --engine NAME  with warm: auto, blocking, nonblocking, select, poll, epoll,
                     sigio, posix-aio, libaio, uring, kernel

    Examples:
      xio cache show -r tree
      xio cache warm --engine uring data.bin
      xio cache evict data.bin

    All options: xio cache --help. The manual: man xio-cache

    """
}
