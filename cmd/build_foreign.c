/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of docker build, docker buildx build, podman build and buildah
 * build that bryo knows and does not carry out. A flag is ignored with a
 * warning where the image comes out the same, or nearly; it is refused where
 * going on would give the user something else than what was asked for:
 * a signature that is not checked, a machine that is not built for.
 */
#include "cmd/build_flags.h"

#include "common/memory.h"

#define NO_CGROUPS   "bryo makes no control groups; a limit on bryo itself (systemd-run, ulimit) holds for its commands, too"
#define ONE_SANDBOX  "bryo has one kind of sandbox, with its own pid, ipc and uts namespaces"
#define ONE_PLATFORM "the platforms are to be named: --platform linux/amd64,linux/arm64"

const struct option_foreign build_flags_ignored[] = {
        /* docker build, docker buildx build */
        { "allow", 0, OPTION_TEXT, "network.host needs no permission here, and security.insecure is never given" },
        { "attest", 0, OPTION_TEXT, "bryo makes no attestations" },
        { "builder", 0, OPTION_TEXT, "there is one builder, this program" },
        { "cache", 0, OPTION_MAYBE, "every step is cached; --no-cache executes them all" },
        { "compress", 0, OPTION_SWITCH, "the context is read in place" },
        { "cpu-period", 0, OPTION_TEXT, NO_CGROUPS },
        { "cpu-quota", 0, OPTION_TEXT, NO_CGROUPS },
        { "cpu-shares", 'c', OPTION_TEXT, NO_CGROUPS },
        { "cpuset-cpus", 0, OPTION_TEXT, NO_CGROUPS },
        { "cpuset-mems", 0, OPTION_TEXT, NO_CGROUPS },
        { "cgroup-parent", 0, OPTION_TEXT, NO_CGROUPS },
        { "debug", 'D', OPTION_SWITCH, "bryo --debug build shows what the parts of bryo log" },
        { "disable-content-trust", 0, OPTION_MAYBE, "docker's content trust is not built" },
        { "force-rm", 0, OPTION_MAYBE, "no intermediate container is ever kept" },
        { "isolation", 0, OPTION_TEXT, ONE_SANDBOX },
        { "memory", 'm', OPTION_TEXT, NO_CGROUPS },
        { "memory-swap", 0, OPTION_TEXT, NO_CGROUPS },
        { "provenance", 0, OPTION_MAYBE, "bryo makes no attestations" },
        { "resource", 0, OPTION_TEXT, NO_CGROUPS },
        { "rm", 0, OPTION_MAYBE, "no intermediate container is ever kept" },
        { "sbom", 0, OPTION_MAYBE, "bryo makes no attestations" },
        { "security-opt", 0, OPTION_TEXT, ONE_SANDBOX },
        { "stream", 0, OPTION_SWITCH, "the context is read in place" },
        /* buildah build, podman build */
        { "cgroupns", 0, OPTION_TEXT, ONE_SANDBOX },
        { "compat-volumes", 0, OPTION_MAYBE, "what a RUN writes into a VOLUME is kept, as BuildKit does" },
        { "created-annotation", 0, OPTION_MAYBE, "bryo writes only the annotations that --annotation asks for" },
        { "group-add", 0, OPTION_TEXT, ONE_SANDBOX },
        { "hooks-dir", 0, OPTION_TEXT, "no OCI runtime is used" },
        { "identity-label", 0, OPTION_MAYBE, "bryo adds no label of its own" },
        { "inherit-annotations", 0, OPTION_MAYBE, "annotations of a base are not taken over" },
        { "ipc", 0, OPTION_TEXT, ONE_SANDBOX },
        { "layer-label", 0, OPTION_TEXT, "there are no intermediate images" },
        { "layers", 0, OPTION_MAYBE, "every step is cached; --no-cache executes them all" },
        { "logsplit", 0, OPTION_MAYBE, "one log tells of all platforms, each line of its stage" },
        { "omit-history", 0, OPTION_MAYBE, "the image keeps its history" },
        { "no-hostname", 0, OPTION_SWITCH, "/etc/hostname is the image's own" },
        { "pid", 0, OPTION_TEXT, ONE_SANDBOX },
        { "runtime", 0, OPTION_TEXT, "no OCI runtime is used" },
        { "runtime-flag", 0, OPTION_TEXT, "no OCI runtime is used" },
        { "sbom-image-output", 0, OPTION_TEXT, "bryo makes no attestations" },
        { "sbom-output", 0, OPTION_TEXT, "bryo makes no attestations" },
        { "save-stages", 0, OPTION_SWITCH, "stages stay in the cache; --target names one" },
        { "stage-labels", 0, OPTION_SWITCH, "stages stay in the cache; --target names one" },
        { "stdin", 0, OPTION_SWITCH, "the standard input of a RUN is empty" },
        { "userns", 0, OPTION_TEXT, ONE_SANDBOX },
        { "userns-gid-map", 0, OPTION_TEXT, "ids are mapped by /etc/subgid" },
        { "userns-gid-map-group", 0, OPTION_TEXT, "ids are mapped by /etc/subgid" },
        { "unsetannotation", 0, OPTION_TEXT, "annotations of a base are not taken over" },
        { "userns-uid-map", 0, OPTION_TEXT, "ids are mapped by /etc/subuid" },
        { "userns-uid-map-user", 0, OPTION_TEXT, "ids are mapped by /etc/subuid" },
        { "uts", 0, OPTION_TEXT, ONE_SANDBOX },
};

const struct option_foreign build_flags_refused[] = {
        { "all-platforms", 0, OPTION_SWITCH, ONE_PLATFORM },
        { "cpp-flag", 0, OPTION_TEXT, "bryo runs no C preprocessor over a Dockerfile: run cpp yourself and pipe into bryo build -f -" },
        { "cw", 0, OPTION_TEXT, "bryo makes no images for confidential workloads" },
        { "decryption-key", 0, OPTION_TEXT, "bryo reads no encrypted images" },
        { "device", 0, OPTION_TEXT, "a RUN has no devices of the host but null, zero, full, random, urandom and tty" },
        { "manifest", 0, OPTION_TEXT, "several platforms at once make an index: --platform A,B --tag NAME" },
        { "policy", 0, OPTION_TEXT, "bryo does not evaluate source policies, and a policy that is not kept is worse than none" },
        { "sign-by", 0, OPTION_TEXT, "bryo signs nothing" },
        { "signature-policy", 0, OPTION_TEXT, "bryo checks no signatures, and a policy that is not kept is worse than none" },
        { "source-policy-file", 0, OPTION_TEXT, "bryo does not evaluate source policies, and a policy that is not kept is worse than none" },
};

const size_t build_flags_ignored_count = ARRAY_SIZE(build_flags_ignored);
const size_t build_flags_refused_count = ARRAY_SIZE(build_flags_refused);
