/// What scripts do with `cp`, one in each line.
enum CopyScripts {
  /// Where copies go, what is asked, and what is read and written that is no file.
  static let targets = lines(
    #"""
    mkdir d; echo a>a; $CP -t d a b
    mkdir d; echo a>a; $CP --target-directory=d a
    mkdir d; echo a>a; $CP --target d a
    mkdir d; echo a>a; $CP -td a
    mkdir d e; echo a>a; $CP -t d -t e a
    $CP --target-directory
    echo a>a; $CP -t a/b a
    ln -s nowhere l; echo a>a; $CP -t l a
    mkdir d; ln -s d l; echo a>a; $CP -t l a
    mkdir d; ln -s d l; echo a>a; $CP -T a l
    mkdir s; $CP -r s nope/
    mkdir s; $CP -r s nope/deep
    mkdir s; $CP -r s/ nope/
    mkdir s; touch s/f; $CP -rT s t/
    mkdir s t; touch s/f t/g; $CP -rT s t
    mkdir s t; $CP -rT s t u
    echo a>a; mkdir t; $CP -rT a t
    echo a>a; mkdir t; $CP -T a t
    mkdir s; echo a>t; $CP -rT s t
    $CP --no-target-directory
    echo a>a; echo b>b; $CP --no-targ a b
    echo a>a; $CP '' b
    echo a>a; $CP a ''
    $CP '' ''
    echo a>a; mkdir d; $CP a '' d
    echo a>a; $CP -t '' a
    echo a>a; $CP a a a
    mkdir d; echo a>a; $CP a ./a d
    mkdir d; echo a>a; $CP a a b d
    mkdir d x; echo 1>x/f; $CP -r x x d
    mkdir d x; echo 1>x/f; ln -s x l; $CP -rH x l d
    echo a>a; echo b>b; echo y | $CP -i a b
    echo a>a; echo b>b; echo yes | $CP -i a b
    echo a>a; echo b>b; echo Yup | $CP -i a b
    echo a>a; echo b>b; printf y | $CP -i a b
    echo a>a; echo b>b; chmod 444 b; echo y | $CP -i a b
    echo a>a; echo b>b; chmod 444 b; echo y | $CP -if a b
    mkdir s d; echo a>s/a; echo b>s/b; mkdir d/s; echo 1>d/s/a; printf 'y\n' | $CP -ri s d
    echo a>a; echo b>b; echo y | $CP -iv a b
    echo a>a; echo b>b; echo y | $CP -ib a b
    echo a>a; echo b>b; echo y | $CP -i --remove-destination a b
    echo a>a; echo b>b; echo y | $CP -i --remove-destination -v a b
    echo a>a; ln -s a b; echo y | $CP -i a b
    echo a>a; echo b>b; $CP -in a b
    echo a>a; echo b>b; echo y | $CP -ni a b
    echo a>a; echo b>b; $CP -nf a b
    echo a>a; echo b>b; $CP -fn a b
    echo a>a; echo b>b; echo y | $CP -iu a b
    echo a>a; echo b>b; touch -d 2001-01-01 b; echo y | $CP -iu a b
    echo a>a; echo b>b; touch -d 2001-01-01 b; echo y | $CP -nu a b
    echo a>a; echo b>b; touch -d 2001-01-01 b; echo y | $CP -un a b
    echo a>a; touch -d 2001-01-01 a; echo b>b;  $CP -un a b
    echo a>a; $CP -un a b
    echo a>a; $CP -u a b
    echo a>a; touch b; touch -r a b; $CP -u a b; cat b
    echo a>a; touch -d '2001-01-01 00:00:00.5' a; echo b>b; touch -d '2001-01-01 00:00:00.4' b; $CP -u a b; cat b
    echo a>a; touch -d 2001-01-01 a; echo b>b;  $CP -uv a b
    mkdir s d; echo 1>s/f;touch -d 2001-01-01 s/f; mkdir d/s; echo 2>d/s/f; echo 3>s/g; $CP -ruv s d
    echo a>a; ln -s a l; ln -s b m; touch -h -d 2001-01-01 l; $CP -Pu l m
    mkdir a; echo b>b; $CP -ru a b
    echo a>a; mkdir b; $CP -uT a b
    echo a>a; $CP -f a /dev/full
    echo a>a; $CP a /dev/full
    echo a>a; $CP a /dev/null
    echo a>a; $CP -v a /dev/null
    $CP /dev/null b; cat b
    $CP -r /dev/null b; stat -c '%F %t %T' b
    $CP --copy-contents -r /dev/null b; stat -c '%F' b
    mkfifo f; (echo hi >f &) ; $CP f b; cat b
    mkfifo f; (echo hi >f &) ; $CP -r --copy-contents f b; cat b; ls -l f | cut -c1
    mkfifo f; mkdir s; mv f s/; (echo hi >s/f &) ; $CP -r --copy-contents s b; cat b/f
    mkfifo f; echo a>a; $CP --remove-destination a f; cat f
    mkfifo f g; $CP -r f g; stat -c %F g
    mkfifo f; echo g>g; $CP -r f g; stat -c %F g
    mkfifo f; echo g>g; $CP -rf f g; stat -c %F g
    """#)

  /// Backups, environment, abbreviations, clusters and values.
  static let spellings = lines(
    #"""
    echo a>a; echo b>b; VERSION_CONTROL=t $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=numbered $CP --backup a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=simple $CP --backup=numbered a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=none $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=off $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=never $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=nil $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=existing $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL= $CP -b a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=bogus $CP a b; ls
    echo a>a; echo b>b; VERSION_CONTROL=num $CP -b a b; ls
    echo a>a; echo b>b; $CP --backup= a b; ls
    echo a>a; echo b>b; $CP --backup=nu a b; ls
    echo a>a; echo b>b; $CP --backup=e a b; ls
    echo a>a; echo b>b; $CP --backup=none -S .x a b; ls
    echo a>a; echo b>b; $CP -S .x a b; ls
    echo a>a; echo b>b; $CP --suffix=.x a b; ls
    echo a>a; echo b>b; $CP --suf .x a b; ls
    echo a>a; echo b>b; $CP -S '' a b; ls
    echo a>a; echo b>b; $CP -S x/y a b; ls
    echo a>a; echo b>b; SIMPLE_BACKUP_SUFFIX= $CP -b a b; ls
    echo a>a; echo b>b; SIMPLE_BACKUP_SUFFIX=x/y $CP -b a b; ls
    echo a>a; echo b>b; SIMPLE_BACKUP_SUFFIX=.o $CP a b; ls
    echo a>a; echo b>b; SIMPLE_BACKUP_SUFFIX=.o $CP -S .p a b; ls
    echo a>a; echo b>b; touch b.~9~ b.~x~ b.~07~ b.~10~; $CP -b a b; ls
    echo a>a; echo b>b; touch b.~1~; $CP --backup=simple a b; ls
    n=$(printf 'n%.0s' $(seq 255)); echo 1>$n; echo 2>a; $CP -b a $n; echo 3>a; $CP -b a $n; head n*
    n=$(printf 'n%.0s' $(seq 255)); echo 1>$n; echo 2>a; $CP --backup=simple a $n; echo 3>a; $CP --backup=simple a $n; head n*
    n=$(printf 'n%.0s' $(seq 255)); echo 1>$n; echo 2>a; $CP -b -S .orig a $n; echo 3>a; $CP -b -S .orig a $n; head n*
    n=$(printf 'n%.0s' $(seq 252)); echo 1>$n; echo 2>a; $CP --backup=t a $n; echo 3>a; $CP --backup=t a $n; head n*
    n=$(printf 'n%.0s' $(seq 255)); echo 1>$n; echo 2>a; $CP --backup=t a $n; echo 3>a; $CP --backup=t a $n; head n*
    echo a>a; ln -s b b2; echo b>b; $CP -b a b2; ls -l b2 | cut -c1
    echo a>a; mkdir d; $CP -bT a d
    mkdir s d; echo 1>s/f; mkdir d/s; echo 2>d/s/f; $CP -rb s d
    mkdir s d; echo 1>s/f; mkdir d/s; echo 2>d/s/f; $CP -r --backup=t s d; $CP -r --backup=t s d; ls d/s
    echo a>a; $CP -b a a; ls
    echo a>a; $CP --backup=numbered a a; ls
    echo a>a; ln a b; $CP -b a b; ls
    echo a>a; ln -s a b; $CP -b a b; ls -l b|cut -c1
    echo a>a; ln -s a b; $CP -b b a
    echo a>a; ln -s a b; $CP -bd b a; ls
    echo a>a; ln -s a b; $CP -bl a b; ls
    echo a>a; echo b>b; $CP -bl a b; ls
    echo a>a; echo b>b; $CP -bs a b; ls
    echo a>a; $CP -fb ./a a; ls
    echo a>a; $CP -fb a ./a; ls
    echo a>a; $CP -f --backup=t a a; $CP -f --backup=t a a; ls
    mkdir d; echo a>a; $CP -fb a d/../a; ls
    echo a>a; echo b>a~; $CP a~ a -b
    echo a>a; echo b>a~; $CP -b a a~
    echo a>a; echo b>b; ln b b~; $CP -b b~ b; ls
    mkdir d; echo a>d/f; echo b>f; $CP -b f d; ls d
    n=$(printf 'x%.0s' $(seq 256)); echo a>a; $CP a $n; $CP $n a
    echo a>a; echo b>b; $CP --back a b; ls
    echo a>a; echo b>b; $CP --b a b; ls
    echo a>a; echo b>b; $CP --s a b; ls
    echo a>a; echo b>b; $CP --rec a b; ls
    echo a>a; echo b>b; $CP --deref a b; ls
    echo a>a; echo b>b; $CP --verb a b; ls
    echo a>a; $CP --spar=al a b
    echo a>a; $CP --reflink=n a b
    echo a>a; $CP --preserve=m a b
    echo a>a; $CP --preserve=mod,own,time,li,xat a b
    echo a>a; $CP --no-preserve a b
    echo a>a; $CP --archive=x a b
    echo a>a; $CP --verbose=1 a b
    echo a>a; $CP -rZ a b
    echo a>a; $CP -Z a b
    echo a>a; $CP --context a b
    echo a>a; $CP --context=foo a b
    echo a>a; $CP -a --preserve=context a b
    echo a>a; $CP --preserve=all a b
    echo a>a; $CP -c a b
    echo a>a; $CP -X a b
    echo a>a; $CP - b
    echo a>- ; $CP - b
    echo a>a; $CP -- a b
    echo a>a; $CP a b --
    echo a>a; $CP a -- b
    echo a>a; POSIXLY_CORRECT=1 $CP a b -v
    echo a>a; mkdir -- -v; POSIXLY_CORRECT=1 $CP a b -v
    echo a>a; $CP a b -v
    echo a>a; mkdir d; $CP a -t d -v
    echo a>a; mkdir d; $CP -vtd a
    echo a>a; mkdir d; $CP -tdv a
    echo a>a; $CP -vS.x a b
    echo a>a; echo b>b; $CP -vS.x a b
    echo a>a; $CP -vS
    $CP --suffix
    $CP --bogus
    $CP -rvq a b
    """#)

  /// Parents, links instead of copies, links as sources and targets, and what is kept.
  static let products = lines(
    #"""
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x/y/a d/; find d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x//y///a d; find d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents ./x/y/a d; find d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x/../x/y/a d; find d
    mkdir -p x/y d; echo a>x/y/a; cd x; $CP --parents ../x/y/a ../d; find ../d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x/y/a x/y/b d; find d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x/y d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents -T x/y/a d
    mkdir -p x/y d; echo a>x/y/a; $CP --parents -t d x/y/a
    mkdir -p x/y d; echo a>x/y/a; $CP --parents x/y/a nope
    mkdir -p x/y d; echo a>x/y/a; chmod 700 x; chmod 750 x/y; $CP --parents x/y/a d; stat -c '%a' d/x d/x/y
    mkdir -p x/y d; echo a>x/y/a; chmod 700 x; chmod 777 x/y; $CP -p --parents x/y/a d; stat -c '%a' d/x d/x/y
    mkdir -p x/y d; echo a>x/y/a; touch -d 2001-01-01 x x/y; $CP -p --parents x/y/a d; stat -c '%y' d/x d/x/y
    mkdir -p x/y d; echo a>x/y/a; chmod 500 x x/y; $CP --parents x/y/a d; stat -c '%a' d/x d/x/y
    mkdir -p x/y d/x; echo a>x/y/a; chmod 700 x d/x; chmod 750 x; $CP --parents -p x/y/a d; stat -c '%a' d/x d/x/y
    mkdir -p x/y d e; ln -s ../e d/x; echo a>x/y/a; $CP --parents x/y/a d; find d e
    mkdir -p x/y d; ln -s nowhere d/x; echo a>x/y/a; $CP --parents x/y/a d; find d
    mkdir -p x d; ln -s x l; echo a>x/a; $CP --parents l/a d; find d; ls -l d | cut -c1
    mkdir -p x d; ln -s x l; echo a>x/a; $CP -a --parents l/a d; find d; stat -c %F d/l
    mkdir -p x/y d; echo a>x/y/a; $CP --parents --no-preserve=mode x/y/a d; stat -c %a d/x
    mkdir -p x/y d; echo a>x/y/a; $CP -l --parents x/y/a d; stat -c %h d/x/y/a
    mkdir d; echo a>a; $CP --parents a d
    mkdir d; $CP --parents missing/a d; find d
    mkdir -p s/x; echo a>s/x/a; ln -s a s/x/l; $CP -rl s d; find d -printf '%p %y %n %l\n' | sort
    mkdir -p s/x; echo a>s/x/a; ln -s a s/x/l; $CP -rlL s d; find d -printf '%p %y %n %l\n' | sort
    mkdir -p s/x; echo a>s/x/a; ln -s a s/x/l; $CP -rlP s d; find d -printf '%p %y %n %l\n' | sort
    mkdir -p s/x; echo a>s/x/a; ln -s x s/d; $CP -rlH s/d d; find d -printf '%p %y %n %l\n' | sort
    mkdir -p s/x; echo a>s/x/a; $CP -al s d; stat -c '%h %a' d/x/a
    mkdir -p s/x; echo a>s/x/a; $CP -rl s d; $CP -rl s/. d; echo $?
    mkdir -p s/x; echo a>s/x/a; $CP -rl s d; echo z>z; rm d/x/a; echo y>d/x/a; $CP -rlf s/. d; stat -c %h d/x/a
    mkdir -p s/x; echo a>s/x/a; $CP -rlv s d
    echo a>a; $CP -s a ./b; readlink b
    echo a>a; $CP -s ./a b; readlink b
    echo a>a; $CP -s missing b; ls -l | wc -l
    echo a>a; $CP -l missing b
    mkdir d; $CP -l d e
    mkdir d; $CP -s d e
    echo a>a; echo b>b; $CP -s --remove-destination a b; readlink b
    echo a>a; ln -s x b; $CP -s a b; readlink b
    echo a>a; ln -s x b; $CP -sf a b; readlink b
    echo a>a; ln -s a b; $CP -s a b
    echo a>a; ln -s a b; $CP -sf a b; readlink b
    echo a>a; ln a b; $CP -l a b
    echo a>a; ln a b; $CP -lf a b
    echo a>a; echo b>b; $CP -ln a b
    echo a>a; echo b>b; $CP -lu a b
    echo a>a; touch -d 2001-01-01 a; echo b>b; $CP -lu a b
    echo a>a; ln -s a l; $CP -l l b; stat -c '%F %h' b
    echo a>a; ln -s a l; $CP -lL l b; stat -c '%F %h' b
    echo a>a; ln -s a l; $CP -lP l b; stat -c '%F %h' b
    echo a>a; ln -s a l; $CP -lH l b; stat -c '%F %h' b
    ln -s nowhere l; $CP -l l b; stat -c '%F %h' b
    ln -s nowhere l; $CP l b
    ln -s nowhere l; $CP -P l b; readlink b
    ln -s nowhere l; $CP -d l b; readlink b
    ln -s nowhere l; $CP -a l b; readlink b
    ln -s nowhere l; $CP -r l b; readlink b
    ln -s nowhere l; $CP -rH l b; readlink b
    ln -s nowhere l; $CP -rL l b; readlink b
    mkdir s; ln -s nowhere s/l; echo a>s/a; $CP -rL s b; ls b
    ln -s l l; $CP l b
    ln -s l l; echo a>a; $CP a l
    ln -s l l; echo a>a; $CP -f a l; cat l
    ln -s l l; echo a>a; $CP --remove-destination a l; cat l
    ln -s l l; $CP -P l b; readlink b
    mkdir d; ln -s d l; $CP -r l e; stat -c %F e
    mkdir d; ln -s d l; $CP -r l/ e; stat -c %F e
    mkdir d; ln -s d l; $CP -rP l/ e; stat -c %F e
    mkdir d; ln -s d l; $CP -rH l e; stat -c %F e
    mkdir d; ln -s d l; $CP l e
    mkdir d; ln -s d l; $CP -d l e; stat -c %F e
    mkdir d e; echo a>d/a; ln -s d l; $CP -rL l e; find e -printf '%p %y\n'
    mkdir d e; ln -s e l; echo a>d/a; $CP -r d l; find . -printf '%p %y\n'|sort
    mkdir d e; ln -s e l; echo a>d/a; $CP -rT d l; find . -printf '%p %y\n'|sort
    mkdir d e; ln -s e l; echo a>d/a; $CP -rT d l/; find . -printf '%p %y\n'|sort
    echo a>a; mkdir d; ln -s ../z d/a; $CP a d; cat z
    echo a>a; mkdir d; ln -s ../z d/a; POSIXLY_CORRECT=1 $CP a d; cat z
    echo a>a; mkdir d; echo z>z; ln -s ../z d/a; $CP a d; cat z
    echo a>a; mkdir d; echo z>z; ln -s ../z d/a; $CP -P a d; cat z; stat -c %F d/a
    echo a>a; mkdir d; echo z>z; ln -s ../z d/a; $CP -a a d; cat z; stat -c %F d/a
    echo a>a; mkdir d; echo z>z; ln -s ../z d/a; $CP -d a d; cat z; stat -c %F d/a
    mkdir s d; echo a>s/a; echo z>z; mkdir d/s; ln -s ../../z d/s/a; $CP -a s d; cat z; stat -c %F d/s/a
    mkdir s d; echo a>s/a; echo z>z; mkdir d/s; ln z d/s/a; $CP -a s d; cat z; stat -c %h d/s/a
    mkdir s d; echo a>s/a; echo z>z; mkdir d/s; ln z d/s/a; $CP -r s d; cat z; stat -c %h d/s/a
    echo a>a; echo b>b; chmod 444 b; $CP a b; cat b
    echo a>a; echo b>b; chmod 755 b; $CP a b; stat -c %a b
    echo a>a; chmod 755 a; echo b>b; chmod 600 b; $CP a b; stat -c %a b
    echo a>a; chmod 755 a; echo b>b; chmod 600 b; $CP -p a b; stat -c %a b
    echo a>a; chmod 755 a; echo b>b; chmod 600 b; $CP --remove-destination a b; stat -c %a b
    echo a>a; chmod 7755 a; $CP a b; stat -c %a b
    echo a>a; chmod 7755 a; $CP -p a b; stat -c %a b
    echo a>a; chmod 7755 a; chown 5:6 a; $CP --preserve=mode a b; stat -c '%a %u' b
    echo a>a; chmod 7755 a; chown 5:6 a; $CP --preserve=ownership a b; stat -c '%a %u' b
    echo a>a; chmod 7755 a; chown 5:6 a; $CP -p --no-preserve=mode a b; stat -c '%a %u' b
    echo a>a; chmod 600 a; $CP --no-preserve=mode a b; stat -c '%a %u' b
    echo a>a; chmod 600 a; echo b>b; $CP --no-preserve=mode a b; stat -c '%a %u' b
    echo a>a; chmod 600 a; $CP -p --no-preserve=all a b; stat -c '%a %u' b
    echo a>a; chmod 600 a; $CP --no-preserve=mode -p a b; stat -c '%a %u' b
    echo a>a; touch -d 2001-01-01 a; $CP --preserve=timestamps --no-preserve=timestamps a b; stat -c '%Y' b | cut -c1
    mkdir s; echo a>s/a; ln s/a s/b; $CP -a --no-preserve=links s d; stat -c %h d/a
    mkdir s; echo a>s/a; ln s/a s/b; $CP -r --preserve=links s d; stat -c %h d/a
    echo a>a; ln a b; mkdir d; $CP --preserve=links a b d; stat -c %h d/a
    echo a>a; ln -s a b; mkdir d; $CP --preserve=links a b d; stat -c %h d/a
    echo a>a; ln -s a b; mkdir d; $CP -L --preserve=links a b d; stat -c %h d/a
    echo a>a; ln -s a b; mkdir d; $CP -H --preserve=links a b d; stat -c %h d/a
    mkdir s; echo a>s/a; ln -s a s/b; $CP -rL --preserve=links s d; stat -c '%h %F' d/a d/b
    echo a>a; setfattr -n user.x -v y a; $CP a b; getfattr -d b
    echo a>a; setfattr -n user.x -v y a; $CP --preserve=xattr a b; getfattr -d b
    echo a>a; setfattr -n user.x -v y a; $CP -p a b; getfattr -d b
    echo a>a; setfattr -n user.x -v y a; $CP -a a b; getfattr -d b
    echo a>a; setfattr -n user.x -v y a; $CP -a --no-preserve=xattr a b; getfattr -d b
    echo a>a; setfacl -m u:5:rw a; $CP -p a b; getfacl -c b
    echo a>a; setfacl -m u:5:rw a; $CP a b; getfacl -c b
    mkdir d; setfacl -d -m u:5:rwx d; echo a>a; $CP a d; getfacl -c d/a
    mkdir d; setfacl -d -m u:5:rwx d; echo a>a; $CP -p a d; getfacl -c d/a
    mkdir d s; setfacl -d -m u:5:rwx d; echo a>s/a; $CP -r s d; getfacl -c d/s d/s/a
    mkdir d s; setfacl -d -m u:5:rwx d; echo a>s/a; $CP -a s d; getfacl -c d/s d/s/a
    mkdir d; chmod 2775 d; chgrp 7 d; echo a>a; mkdir s; echo b>s/b; $CP -r a s d; stat -c '%a %g' d/a d/s d/s/b
    echo aaaa>a; echo b>b; chmod 640 a; touch -d 2001-01-01 a; $CP --attributes-only a b; cat b; stat -c %a b
    echo aaaa>a; $CP --attributes-only a b; stat -c %s b
    echo aaaa>a; echo b>b; chmod 640 a; $CP --attributes-only -p a b; stat -c '%a %s' b
    echo aaaa>a; echo b>b; $CP --attributes-only --remove-destination a b; stat -c '%a %s' b
    echo aaaa>a; $CP --attributes-only --reflink=always a b; stat -c %s b
    mkdir s; echo a>s/a; ln -s a s/l; $CP -a --attributes-only s d; find d -printf '%p %y %s %l\n' | sort
    echo a>a; echo b>b; $CP --reflink=always a b; echo $?; cat b
    truncate -s 3M a; $CP --sparse=always a b; stat -c '%s %b' b
    head -c 3M /dev/zero > a; $CP --sparse=auto a b; stat -c '%s %b' b
    head -c 300000 /dev/zero > a; $CP --sparse=always a b; stat -c '%s %b' b
    """#)

  /// Trees, what is in their way, and what is said of them.
  static let trees = lines(
    #"""
    echo a>a; echo b>b; echo y | $CP --interactive a b; cat b
    echo a>a; $CP --link a b; stat -c %h b
    echo a>a; echo b>b; $CP --no-clobber a b; cat b
    ln -s x a; $CP --no-dereference a b; readlink b
    echo a>a; $CP --symbolic-link a b; readlink b
    mkdir -p s/m; mount -t tmpfs tmpfs s/m; echo a>s/m/a; $CP -r --one-file-system s d; umount s/m; find d
    mkdir d; $CP d//nope d
    mkdir d; $CP d//nope// d
    mkdir d; echo a>d/f; $CP d//f/ t
    mkdir d; echo a>d/f; $CP d//f t//x
    mkdir d; echo a>d/f; $CP d/f t//
    mkdir d; echo a>d/f; $CP -v d//f d///g
    mkdir d e; echo a>d/f; $CP -v d//f e// ; $CP -vt e// d//f
    mkdir d; echo a>d/f; $CP -rv d// e; $CP -rv d//. e//
    mkdir d; $CP d// t
    mkdir d; echo a>a; $CP -T a d//
    mkdir d; echo a>a; $CP -r d// a
    mkdir d; echo a>a; $CP --target-directory=d// nope//a
    echo a>a; $CP -t nope// a
    mkdir d; echo a>a; echo b>d/b; $CP -v --remove-destination a d//b
    mkdir d; echo a>d/a; $CP d//a d/./a
    mkdir s; echo a>s/a; $CP -r s/. s
    mkdir s; echo a>s/a; $CP -a s/a s/a
    mkdir s; echo a>s/a; ln -s s l; $CP -rT s l
    mkdir s; echo a>s/a; ln -s s l; $CP -rT l s
    echo a>a; ln -s a b; $CP -d b a
    echo a>a; ln -s a b; $CP -d a b; cat b
    echo a>a; ln -s a b; $CP --remove-destination b a
    echo a>a; ln a b; $CP -f a b
    echo a>a; ln a b; $CP -d a b
    echo a>a; $CP --parents -t nope a
    echo a>a; chmod 000 a; $CP -l a b; stat -c %h b
    mkdir d; chmod 000 d; $CP -r d e; stat -c %a e
    mkdir -p s/x; chmod 000 s/x; $CP -a s d; stat -c %a d/x
    mkdir -p s/x; echo a>s/x/a; chmod 000 s/x/a; $CP -a s d; stat -c %a d/x/a
    mkdir s; touch -d 1960-01-01 s; touch -d 2001-01-01T00:00:00.123456789 s/.; $CP -a s d; stat -c %y d
    mkdir s; ln -s x s/l; touch -h -d 2001-01-01 s/l; $CP -a s d; stat -c %y d/l
    mkdir s; echo a>s/a; chown 5:6 s/a s; $CP -a s d; stat -c '%u %g' d d/a
    mkdir s; ln -s x s/l; chown -h 5:6 s/l; $CP -a s d; stat -c '%u %g' d/l
    mkdir s; mknod s/n c 1 5; mknod s/b b 7 99; mkfifo s/f; chmod 604 s/f; $CP -a s d; stat -c '%F %t %T %a' d/n d/b d/f
    mkdir s; echo a>s/a; mkdir d; echo b>d/s; $CP -r s d
    mkdir s; echo a>s/a; mkdir d; echo b>d/s; $CP -rf s d
    mkdir s; echo a>s/a; mkdir d; echo b>d/s; $CP -r --remove-destination s d
    mkdir s; echo a>s/a; mkdir d; ln -s nowhere d/s; $CP -r s d
    mkdir s; echo a>s/a; mkdir -p d e; ln -s ../e d/s; $CP -rf s d
    mkdir -p s d/a; echo a>s/a; $CP -r s/a d
    mkdir -p s d/a; echo a>s/a; $CP s/a d/a; find d
    mkdir -p d/a; echo a>a; $CP a d
    mkdir -p d/a; echo a>a; $CP -f a d
    mkdir -p d/a; echo a>a; $CP --remove-destination a d
    mkdir -p d/a; echo a>a; $CP -b a d; find d
    echo a>a; echo b>b; $CP a b /dev/null
    echo a>a; $CP a /dev/null/x
    mkdir d; $CP -r d/ e/; stat -c %F e
    mkdir d; touch d/f; $CP -r d/* e; cat e
    mkdir s; touch s/'a b' s/$'n\nl' s/-x s/$'\xff'; $CP -rv s d | sort
    echo a>$'n\nl'; $CP $'n\nl' missing/x
    $CP $'n\nl' x
    $CP "it's" x
    echo a>a; $CP -vr a b; $CP -v a b; $CP -vf a b; $CP -v --remove-destination a b
    echo a>a; $CP -vl a b; $CP -vs a c
    mkdir d; $CP -vr d e; $CP -vr d e
    echo a>a; ln a b; mkdir d; $CP -va a b d
    echo a>a; ln -s a b; $CP -va b c
    echo a>a; mkdir d; $CP -v --backup=t a d; $CP -v --backup=t a d
    echo a>a; $CP -p a b; test a -nt b -o b -nt a || echo same
    echo a>a; echo b>b; chmod 0 b; $CP a b; cat b
    echo a>a; $CP -rR a b
    mkdir a; $CP -R a b; stat -c %F b
    mkdir a; $CP --recursive a b; stat -c %F b
    mkdir a; $CP --archive a b; stat -c %F b
    echo a>a; $CP -HL a b; $CP -LP a c; stat -c %F c
    ln -s x a; $CP -LP a c; stat -c %F c
    ln -s x a; $CP -PL a c
    ln -s x a; $CP -aL a c
    ln -s x a; $CP -La a c; stat -c %F c
    mkdir s; echo t>t; ln -s ../t s/l; $CP -aH s d; stat -c %F d/l
    mkdir s; echo t>t; ln -s ../t s/l; ln -s s k; $CP -aH k d; stat -c %F d d/l
    mkdir s; echo t>s/t; ln -s t s/l; ln -s t s/m; $CP -aL s d; stat -c '%F %h' d/t d/l d/m
    mkdir s; echo t>s/t; ln s/t s/u; ln -s t s/m; $CP -aL s d; stat -c '%F %h' d/t d/u d/m
    """#)

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }
}
