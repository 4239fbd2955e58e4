#include "tests/unit/unprivileged.h"
