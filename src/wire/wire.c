/* SPDX-License-Identifier: LGPL-2.1-or-later */
typedef int lince_empty_translation_unit;
