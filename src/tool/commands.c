/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/command.h"

const LinceCommand *const lince_commands[] = {
    NULL,
};
