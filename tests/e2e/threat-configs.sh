#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# WIRE.9: what the config of somebody else's image says is data or is refused: it is no command, no option, no path of this machine, and
# nothing that a terminal obeys.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3 jq
plant_file canary/secret 'the secret of the host'
base busybox
works bryo save --format oci-dir -o layout busybox
# Images with the config of busybox but for what a case says: each a layout of its own.
cat > cases.py << 'END'
import hashlib, json, os, shutil, sys

canary = sys.argv[1]
blob = lambda top, descriptor: f"{top}/blobs/sha256/{descriptor['digest'][7:]}"
index = json.load(open("layout/index.json"))
manifest = json.load(open(blob("layout", index["manifests"][0])))
base = json.load(open(blob("layout", manifest["config"])))
ESCAPES = "\x1b]52;c;aGk=\x07\x1b[2J\x9b6n\r\u202e"


def put(top, value):
    data = json.dumps(value).encode()
    path = f"{top}/blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    with open(path, "wb") as out:
        out.write(data)
    return {"digest": "sha256:" + os.path.basename(path), "size": len(data)}


def case(name, beside={}, **config):
    shutil.copytree("layout", name)
    made = {**manifest, "config": {**manifest["config"], **put(name, {**base, "config": {**base["config"], **config}, **beside})}}
    entry = {**index["manifests"][0], **put(name, made), "annotations": {"io.containerd.image.name": f"docker.io/library/{name}:latest"}}
    with open(f"{name}/index.json", "w") as out:
        json.dump({**index, "manifests": [entry]}, out)


case("escapes", Labels={"a": ESCAPES, ESCAPES: "b", "containerd.io/restart.loguri": "binary:///bin/sh?-c=touch+" + canary}, Env=["X=" + ESCAPES], Cmd=["echo", ESCAPES],
     beside={"author": ESCAPES, "history": [{"created": "2024-01-02T03:04:05Z", "created_by": ESCAPES, "comment": ESCAPES, "author": ESCAPES}]})
case("volumes", Volumes={"/../../..": {}, canary: {}, "relative": {}, "/proc/self/fd": {}})
for number, path in enumerate(["/proc/self/fd/7", "/proc/1/root", "../../../..", "/../.." + canary, "x/../../y"]):
    case(f"workdir{number}", WorkingDir=path)
for number, user in enumerate(["root\n0:0", "0:0:0", "--help", "../../x", "4294967295", "-1", "x" * 5000]):
    case(f"user{number}", User=user)
case("signal", StopSignal="SIGKILL; touch " + canary + "/x")
case("words", Entrypoint=["--rm", "-c", "touch " + canary + "/x"], Cmd=["--network=host"])
case("shell", Shell=["--", "/bin/sh"])
case("preload", Env=["LD_PRELOAD=" + canary + "/secret", "PATH=/bin:" + canary, "HOME=" + canary])
for number, word in enumerate(["noequals", "=x", "A\nB=c"]):
    case(f"env{number}", Env=[word, "PATH=/bin"])
for number, trigger in enumerate(["FROM scratch", "ONBUILD RUN true", "RUN true\nFROM scratch", "MAINTAINER", "NOSUCH thing", "RUN --mount=type=bind,source=/../..,target=/h true",
                                  "COPY ../../canary/secret /", "ADD file://" + canary + "/secret /", "RUN --security=insecure true", ""]):
    case(f"trigger{number}", OnBuild=[trigger])
END
works python3 cases.py "$PWD/canary"
mkdir -p context
loaded=()
# shows_nothing_obeyed COMMAND TEXT: no sequence in what it printed that a terminal obeys.
shows_nothing_obeyed() {
        ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' <<< "$2" || fail "$1 says what a terminal obeys" output "$2"
}
for case in */index.json; do
        name=${case%/*}
        [ "$name" != layout ] || continue
        capture bryo load -i "$name"
        if [ "$status" -ne 0 ]; then
                assert_equal "$status $(grep -c '^bryo: ' <<< "$errors")" "1 1" "the refusal of $name"
                refused="${refused-} $name"
                continue
        fi
        loaded+=("$name")
        works bryo history --no-trunc "$name"
        histories=$output
        works bryo history --format json "$name"
        shows_nothing_obeyed "bryo history $name" "$histories$output"
        # What runs, runs inside: the host's tree is nowhere.
        capture timeout 20 bryo run --rm "$name" /bin/cat "$PWD/canary/secret" secret ../secret
        assert_lacks "$output" "secret of the host"
        printf 'FROM %s\nRUN ls . / > /seen 2>&1; cat secret >> /seen\n' "$name" | dockerfile
        capture timeout 20 bryo build -t "built-$name" context
        [ "$status" -eq 0 ] || assert_equal "$status $(grep -c '^bryo: ' <<< "$errors")" "1 1" "the refusal of a build on $name: $errors"
        [ "$status" -eq 0 ] || refused="${refused-} build-$name"
        ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' <<< "$errors" || fail "a build on $name says what a terminal obeys" errors "$errors"
done
# What takes all of them at once.
for command in inspect 'inspect --format json' 'image ls' 'image ls --format json'; do
        words=()
        [[ $command != inspect* ]] || words=("${loaded[@]}")
        # shellcheck disable=SC2086
        works bryo $command "${words[@]}"
        shows_nothing_obeyed "bryo $command" "$output"
        assert_less 10 "$(grep -c . <<< "$output")" "lines of bryo $command"
done
echo "refused: $refused"
assert_equal "$(find canary | sort | paste -sd' ') $(cat canary/secret)" "canary canary/secret the secret of the host"
# A trigger is no new stage and no trigger of its own; a path leads nowhere.
for number in 0 1 2 4 5 7 8 9; do
        [[ " $refused " == *" build-trigger$number "* ]] || fail "the trigger $number is not refused"
done
works bryo inspect workdir2
assert_fails 1 "" bryo build --target x context
