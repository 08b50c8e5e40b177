#!/usr/bin/env bash
# A Slurm of several nodes on one machine, for tests: slurm.sh start|stop FOLDER, slurm.sh node start|stop FOLDER NAME,
# slurm.sh controller restart FOLDER. Wants root, and Debian's slurm-wlm and munge. Everything it writes is in FOLDER.
# Afterwards SLURM_CONF=FOLDER/slurm.conf leads Slurm's commands to it.
set -euo pipefail

nodes=(n1 n2 n3 n4)

die() { echo "slurm.sh: $*" >&2; exit 1; }

configure() {
  local folder=$1 port=17002
  cat > "$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=17001
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
ReturnToService=2
# Faults are to be seen soon.
SlurmdTimeout=10
SlurmctldTimeout=10
KillWait=5
MinJobAge=600
OverTimeLimit=0
SchedulerParameters=sched_interval=2,bf_interval=2
TaskProlog=$folder/prolog.sh
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
END
  for node in "${nodes[@]}"; do
    echo "NodeName=$node NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$port CPUs=2 RealMemory=2000 State=UNKNOWN" \
      >> "$folder/slurm.conf"
    port=$((port + 1))
  done
  cat >> "$folder/slurm.conf" <<END
PartitionName=low Nodes=ALL Default=YES MaxTime=60 PriorityTier=1 GraceTime=5 PreemptMode=REQUEUE State=UP
PartitionName=high Nodes=ALL MaxTime=60 PriorityTier=9 PreemptMode=OFF State=UP
END
}

# The tasks of n2 live an hour ahead.
write_prolog() {
  local library
  library=$(ls /usr/lib/*/faketime/libfaketime.so.1 2> /dev/null | head -1)
  [ -n "$library" ] || die "libfaketime is not there: apt-get install faketime"
  cat > "$1/prolog.sh" <<END
#!/bin/sh
[ "\$SLURMD_NODENAME" = n2 ] || exit 0
echo "export LD_PRELOAD=$library"
echo "export FAKETIME=+1h"
echo "export DONT_FAKE_MONOTONIC=1"
END
  chmod +x "$1/prolog.sh"
}

start_controller() { slurmctld -f "$1/slurm.conf" -c 2>> "$1/slurmctld.err" || slurmctld -f "$1/slurm.conf"; }
# Every node has processes of its own, as a machine has: what ends its first one ends them all.
start_node() {
  mkdir -p "$1/spool/$2"
  unshare --pid --fork --kill-child --mount-proc \
    slurmd -D -f "$1/slurm.conf" -N "$2" > "$1/node.$2.out" 2>&1 < /dev/null &
  echo $! > "$1/node.$2.pid"
}

# The process of a pid file, if it runs.
end() {
  local pid
  pid=$(cat "$1" 2>/dev/null || true)
  [ -n "$pid" ] && kill "${2:--TERM}" "$pid" 2>/dev/null || true
  # Until it is gone, or is one that nobody has asked for its end.
  for _ in $(seq 50); do
    [ -n "$pid" ] && [[ $(ps -o stat= -p "$pid") == [!Z]* ]] || return 0
    sleep 0.1
  done
}

start() {
  local folder=$1
  for tool in slurmctld slurmd munged; do
    command -v $tool > /dev/null || die "$tool is not there: apt-get install slurm-wlm munge"
  done
  mkdir -p "$folder"/state "$folder"/spool
  chmod 755 "$folder"
  configure "$folder"
  write_prolog "$folder"
  dd if=/dev/urandom bs=1 count=1024 of="$folder/munge.key" status=none
  chmod 600 "$folder/munge.key"
  # As root, in a folder that others may write to: the checks of munged are for machines that people share.
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  start_controller "$folder"
  for node in "${nodes[@]}"; do start_node "$folder" "$node"; done
  for _ in $(seq 60); do
    [ "$(SLURM_CONF=$folder/slurm.conf sinfo -h -N -p low -o %T | grep -c idle)" = ${#nodes[@]} ] && return 0
    sleep 0.5
  done
  die "the nodes do not come up: see $folder/*.log"
}

stop() {
  SLURM_CONF=$1/slurm.conf scancel --full --user=root 2>/dev/null || true
  for node in "${nodes[@]}"; do end "$1/node.$node.pid" -KILL; done
  end "$1/slurmctld.pid"
  end "$1/munged.pid"
}

case "${1:-} ${2:-}" in
"start "*) start "$2" ;;
"stop "*) stop "$2" ;;
"node start") start_node "$3" "$4" ;;
"node stop") end "$3/node.$4.pid" -KILL ;;
"controller restart") end "$3/slurmctld.pid"; slurmctld -f "$3/slurm.conf" ;;
*) sed -n '2,4p' "$0"; exit 64 ;;
esac
