import SystemPackage
import Testing
import XIOTestSupport

/// Whatever a script does with `cp`: what it prints, its status and what is there in the end are the same
/// with GNU's and with ours.
@Suite struct CopyGNUTests {
  @Test(arguments: scripts)
  func isLikeGNUs(_ script: String) throws {
    try CopyComparison.expectSame(script)
  }

  /// Where ours is known to differ, it is in this way.
  @Test(
    arguments: [
      ("mkdir -p x/y; $CP -r x x", 1, "cannot copy a directory, 'x', into itself, 'x/x'"),
      ("mkdir -p x/y; $CP -r x x/y", 1, "cannot copy a directory, 'x', into itself, 'x/y/x'"),
      ("echo a>a; echo b>b; echo n | $CP -i a b", 1, "cp: overwrite 'b'? "),
      ("echo a>a; echo b>b; $CP --update=none a b; cat b", 0, "b\n"),
      ("echo a>a; echo b>b; $CP --update=none-fail a b", 1, "cp: not replacing 'b'\n"),
      ("echo a>a; echo b>b; $CP --debug --update=none a b", 0, "skipped 'b'\n"),
      (
        "echo a>a; $CP --debug --reflink=never a b", 0, "copy offload: avoided, reflink: no, sparse"
      ),
      (
        ">a; $CP --debug --sparse=never a b", 0,
        "copy offload: avoided, reflink: no, sparse detection: no\n"
      ),
      (
        ">a; $CP --debug --sparse=always a b", 0,
        "copy offload: avoided, reflink: unsupported, sparse detection: zeros\n"
      ),
      ("echo a>a; $CP --debug --sparse=always a b", 0, "copy offload: avoided, reflink: "),
      (
        "mkdir a; $CP -r a a .", 1,
        "'a' and './a' are the same file\ncp: 'a' and './a' are the same file\n"
      ),
      ("echo a>a; $CP --debug a a/b", 1, "cannot stat 'a/b': Not a directory"),
      (
        "echo a>a; ln -s nowhere l; $CP --debug a l", 1,
        "copy offload: unknown, reflink: unknown, sparse detection: unknown\n"
      ),
      ("echo a>a; $CP -n -b a b", 1, "--backup is mutually exclusive with -n"),
      (
        "echo a>a; $CP --backup=none --update=none a b", 1, "--backup is mutually exclusive with -n"
      ),
      ("echo a>a; $CP -S .x --update=none-fail a b", 1, "--backup is mutually exclusive with -n"),
      (
        "echo a>a; mkdir d; $CP -T a d", 1,
        "cannot overwrite directory 'd' with non-directory 'a'\n"
      ),
      ("mkdir a b; $CP a/ a b", 1, "omitting directory 'a/'\n"),
      ("mkdir a b; $CP a/ a b", 1, "omitting directory 'a'\n"),
      ("mkdir a b; $CP -r a a/ b", 0, "source directory 'a/' specified more than once\n"),
      ("echo a>a; $CP a a/ nope", 1, "target 'nope': No such file"),
      ("echo a>a; $CP --parents a ./a nope", 1, "target 'nope': No such file"),
      (
        "echo a>a; $CP --sparse=x a b", 1,
        "invalid argument 'x' for '--sparse'\nValid arguments are:\n  - 'auto'\n"
      ),
      ("echo a>a; $CP --preserve=foo a b", 1, "invalid argument 'foo' for '--preserve'"),
      ("echo a>a; $CP --context=x a b; cat b", 0, "warning: ignoring --context; it requires"),
      ("echo a>a; $CP --preserve=context a b", 1, "cannot preserve security context without"),
      ("echo a>a; $CP --jobs=0 a b", 1, "the number of jobs must be between 1 and 1024, not 0"),
      ("echo a>a; $CP --physical --reflink=always a b", 1, "--physical rules out --reflink=always"),
      (
        "mkdir -p d/s s/d e; ln -s ../e d/s/d; echo f>s/d/f; $CP -r s d", 1,
        "cannot overwrite non-dir"
      ),
      (
        "mkdir -p d/s s/d e; ln -s ../../e d/s/d; echo f>s/d/f; $CP -r --keep-directory-symlink s d;"
          + "cat e/f", 0, "f\n"
      ),
    ])
  func differsWhereItShould(_ script: String, _ status: CInt, _ said: String) throws {
    let directory = try TestDirectory()
    let result = try CopyComparison.run(script, try CopyComparison.ours(directory), directory)
    #expect(result.status == status, "\(result)")
    #expect((result.outputText + result.errorText).contains(said), "\(result)")
  }

  private static let scripts = [
    "echo a>a; $CP a b",
    "echo a>a; echo b>b; $CP a b",
    "echo a>a; mkdir d; $CP a d",
    "echo a>a; echo b>b; mkdir d; $CP a b d",
    "echo a>a; echo b>b; $CP a b nope",
    "echo a>a; echo b>b; echo c>c; $CP a b c",
    "echo a>a; mkdir d; $CP d a",
    "echo a>a; mkdir d; $CP -r d a",
    "mkdir d; $CP d e",
    "echo a>a; $CP a a",
    "echo a>a; $CP a a/",
    "echo a>a; $CP a/ b; $CP --strip-trailing-slashes a/ b",
    "echo a>a; ln -s a l; $CP -l a l",
    "echo a>a; $CP -s a missing/x",
    "ln -s nowhere l; $CP -P l missing/x",
    "echo a>a; ln a b; $CP a b",
    "echo a>a; ln -s a b; $CP a b",
    "echo a>a; ln -s a b; $CP b a",
    "echo a>a; ln -s a b; $CP -P b a",
    "echo a>a; ln -s a b; $CP --remove-destination a b",
    "echo a>a; ln a b; $CP --remove-destination a b",
    "echo a>a; ln -s a b; $CP -f a b",
    "echo a>a; $CP -f a a",
    "echo a>a; $CP -b a a",
    "echo a>a; $CP -bf a a",
    "echo a>a; $CP --backup=numbered --force a a",
    "echo a>a; ln -s a b; ln -s a c; $CP -P b c",
    "echo a>a; ln -s a b; ln b c; $CP -P b c",
    "echo a>a; $CP missing b",
    "echo a>a; $CP a missing/b",
    "echo a>a; $CP a a/b",
    "$CP",
    "$CP a",
    "$CP -t d",
    "echo a>a; $CP -T a",
    "echo a>a; mkdir d; $CP -T a d",
    "echo a>a; $CP -T a b c",
    "echo a>a; mkdir d; $CP -t d a",
    "echo a>a; $CP -t nope a",
    "echo a>a; echo n>n; $CP -t n a",
    "echo a>a; mkdir d; $CP -T -t d a",
    "echo a>a; echo b>b; $CP -n a b",
    "echo a>a; echo b>b; $CP -v a b",
    "echo a>a; echo b>b; $CP -bv a b",
    "echo a>a; echo b>b; $CP -S .bak a b; $CP -S .bak a b",
    "echo a>a; echo b>b; $CP --backup=t a b; $CP --backup=existing a b; $CP --backup=simple a b",
    "echo a>a; echo b>b; $CP --backup=none a b",
    "echo a>a; echo b>b; VERSION_CONTROL=numbered $CP -b a b",
    "echo a>a; echo b>b; SIMPLE_BACKUP_SUFFIX=.o $CP -b a b",
    "echo a>a; echo b>b~; $CP -b b~ b",
    "echo a>a; echo b>'a~'; $CP -b 'a~' a",
    "echo a>a; touch -d 2001-01-01 a; echo b>b; $CP -u a b",
    "echo a>a; echo b>b; touch -d 2001-01-01 b; $CP -u a b",
    "echo a>a; $CP -l a b; ",
    "echo a>a; echo b>b; $CP -l a b",
    "echo a>a; echo b>b; $CP -lf a b",
    "echo a>a; ln -s a s; $CP -l s b",
    "echo a>a; ln -s a s; $CP -lP s b",
    "echo a>a; ln -s a s; $CP -lL s b",
    "echo a>a; $CP -s a b",
    "$CP -s /etc/passwd d",
    "echo a>a; echo b>b; $CP -s a b",
    "echo a>a; echo b>b; $CP -sf a b",
    "echo a>a; $CP -ls a b",
    "mkdir -p x/y; echo a>x/y/a; mkdir d; $CP --parents x/y/a d",
    "mkdir -p x/y; echo a>x/y/a; $CP --parents x/y/a d",
    "mkdir -p x/y d; echo a>x/y/a; echo x>d/x; $CP --parents x/y/a d",
    "mkdir -p x/y d; echo a>x/y/a; $CP -r --parents x/y/ d",
    "mkdir -p x/y/z; echo a>x/y/a; $CP -r x d",
    "mkdir -p x/y/z d; echo a>x/y/a; $CP -r x d; $CP -r x d",
    "mkdir -p x/y/z d; echo a>x/y/z/a; $CP -rv x d",
    "mkdir -p x/y/z d; echo a>x/y/a; $CP -r x/. d",
    "mkdir -p x/y/z d; echo a>x/y/a; $CP -rT x d",
    "mkdir -p x/y d; cd x/y; echo a>a; $CP -r .. ../../d",
    "mkdir -p x/y/z d; echo a>x/y/a; $CP -r x/ d/",
    "mkdir -p x d; echo a>a; $CP a a d",
    "mkdir -p x y d; echo 1>x/f; echo 2>y/f; $CP x/f y/f d",
    "mkdir -p x y d; echo 1>x/f; echo 2>y/f; $CP -b x/f y/f d",
    "mkdir -p x y d; echo 1>x/f; echo 2>y/f; $CP --backup=t x/f y/f d",
    "mkdir d a; echo x>v; ln -s ../v a/l; mkdir b; echo y>b/l; $CP -P a/l b/l d",
    "mkdir a; ln -s nowhere a/l; $CP -r a b",
    "mkdir a; echo f>a/f; ln -s f a/l; $CP -rL a b",
    "mkdir a; echo f>a/f; ln -s f a/l; $CP -r a b",
    "mkdir a; echo f>a/f; ln -s a al; $CP -r al b",
    "mkdir a; echo f>a/f; ln -s a al; $CP -rH al b",
    "mkdir a; ln -s l a/l; $CP -rL a b",
    "echo a>a; ln -s nowhere l; $CP a l",
    "echo a>a; ln -s nowhere l; POSIXLY_CORRECT=1 $CP a l",
    "echo a>a; ln -s nowhere l; $CP -f a l",
    "echo a>a; ln -s nowhere l; $CP --remove-destination a l",
    "mkdir d; echo a>a; ln -s d l; $CP a l",
    "mkdir d e; echo a>d/a; mkdir x; ln -s ../e x/d; $CP -r d x",
    "mkfifo f; $CP -r f g",
    "mkfifo f; chmod 600 f; $CP -a f g",
    "mknod n c 1 3; $CP -r n m",
    "echo a>a; ln a b; mkdir d; $CP -d a b d",
    "echo a>a; ln a b; mkdir d; $CP a b d",
    "mkdir s; echo a>s/a; ln s/a s/b; ln s/a s/c; $CP -a s d",
    "mkdir s; echo a>s/a; ln s/a s/b; $CP -r s d",
    "mkdir s t; echo a>s/a; ln s/a t/b; $CP -a s t d; mkdir d; $CP -a s t d",
    "mkdir s; echo a>s/a; chmod 4755 s/a; chown 1:2 s/a; chmod 1777 s; $CP -a s d",
    "mkdir s; echo a>s/a; chmod 4755 s/a; chown 1:2 s/a; $CP -r s d",
    "mkdir s; echo a>s/a; chmod 644 s/a; (umask 077; $CP -r s d)",
    "mkdir s; echo a>s/a; chmod 777 s/a s; (umask 027; $CP -r s d)",
    "mkdir s; echo a>s/a; chmod 777 s/a s; $CP -r --no-preserve=mode s d",
    "mkdir s; echo a>s/a; chmod 555 s; $CP -r s d",
    "mkdir s; echo a>s/a; chmod 555 s; $CP -a s d",
    "echo a>a; touch -d '1960-01-01 00:00:00.123456789' a; $CP -p a b; stat -c %y b",
    "echo a>a; touch -d '2001-01-01' a; $CP --preserve=timestamps a b; stat -c %y b",
    "echo a>a; chown 3:4 a; $CP --preserve=ownership a b",
    "echo a>a; chmod 640 a; chown 3:4 a; $CP --preserve=mode a b",
    "echo a>a; chmod 640 a; chown 3:4 a; $CP -p --no-preserve=ownership a b",
    "echo a>a; chmod 640 a; $CP --attributes-only a b",
    "echo a>a; echo bb>b; chmod 640 a; $CP --attributes-only -p a b",
    "echo a>a; $CP --reflink=always --sparse=never a b",
    "echo a>a; $CP --reflink=never a b; $CP --reflink=auto a c",
    "$CP --foo a b",
    "$CP -y a b",
    "echo a>a; $CP a --verbose b",
    "echo a>a; POSIXLY_CORRECT=1 $CP a -v b",
    "echo a>a; $CP --verb a b",
    "echo a>a; $CP --no-p a b",
    "echo a>a; $CP --pre a b",
    "echo a>a; $CP -- a -b; ls",
    "echo a>a; mkdir d; $CP a d/; $CP a d/.",
    "echo a>a; $CP /dev/stdin b <a",
    "echo a>a; cat a | $CP /dev/stdin b",
    "mkdir -p s/d; $CP -r --strip-trailing-slashes s/d/ e",
    "mkdir s; touch s/a s/b; $CP -r s/* .",
    "mkdir s; echo 1>s/a; mkdir -p d/s/a; $CP -r s d",
    "mkdir -p s/a d/s; echo 1>d/s/a; $CP -r s d",
    "mkdir s; ln -s x s/l; mkdir -p d/s; echo f>d/s/l; $CP -r s d",
    "mkdir s; echo f>s/l; mkdir -p d/s; echo t>t; ln -s ../../t d/s/l; $CP -r s d",
    "mkdir s; echo f>s/l; mkdir -p d/s; ln -s nowhere d/s/l; $CP -r s d",
    "mkdir s; mkfifo s/p; mkdir d; $CP -r s d; $CP -r s d",
    "echo a>a; echo b>b; $CP -u --backup a b",
    "mkdir d; echo a>a; $CP -rv d a d2",
    "mkdir d; $CP -s /etc/passwd d; $CP -sf /etc/passwd d",
    "echo a>a;chmod 000 a;$CP a b",
    "mkdir a; echo f>a/f; chmod 2755 a; $CP -r a b; $CP -a a c",
    "mkdir x; $CP -r x x d",
    "mkdir d; touch d/f; $CP -rl d e; stat -c %h d/f",
    "echo a>a; ln -s a l; $CP -d l b",
    "mkdir -p s/x; echo a>s/x/a; ln -s x s/l; mkdir d; $CP -rH s/l d",
    "echo a>a; echo b>b; mkdir d; echo old>d/a; $CP -uv a b d",
    "$CP /proc/version b; cmp /proc/version b",
    #"cd /; $CP /sys/kernel/mm/transparent_hugepage/enabled "$OLDPWD/b"; cat "$OLDPWD/b""#,
    "truncate -s 1M a; echo x>>a; $CP a b; du -k b | cut -f1",
    "truncate -s 1M a; echo x>>a; $CP --sparse=never a b; du -k b | cut -f1",
    "head -c 1M /dev/zero >a; $CP --sparse=always a b; du -k b | cut -f1; $CP a c; du -k c | cut -f1",
  ]
}
