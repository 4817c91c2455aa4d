/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/command.h"

extern const LinceCommand lince_command_bench, lince_command_bench_latency,
    lince_command_check, lince_command_enrol, lince_command_explain, lince_command_index,
    lince_command_recognize, lince_command_scan, lince_command_stats, lince_command_watch;

const LinceCommand *const lince_commands[] = {
    &lince_command_recognize,
    &lince_command_scan,
    &lince_command_index,
    &lince_command_enrol,
    &lince_command_check,
    &lince_command_explain,
    &lince_command_bench,
    &lince_command_bench_latency,
    &lince_command_watch,
    &lince_command_stats,
    NULL,
};
