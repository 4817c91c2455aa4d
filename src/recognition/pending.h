/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lets the library link until the search of the same room is in the tree; goes with it. */
#pragma once
#pragma weak lince_pool_new
#pragma weak lince_pool_free
#pragma weak lince_pool_run
#pragma weak lince_pool_threads
#pragma weak lince_pool_cpu_time
#pragma weak lince_pyramid_new
#pragma weak lince_pyramid_free
#pragma weak lince_pyramid_resize
#pragma weak lince_pyramid_build
#pragma weak lince_pyramid_octave
#pragma weak lince_pyramid_octave_count
#pragma weak lince_search_new
#pragma weak lince_search_free
#pragma weak lince_search_resize
#pragma weak lince_search_run
#pragma weak lince_textured_open
