#include "serve/handlers.h"

namespace frugal::serve {

Answer get_health(Call&) {
  return {200, {{"object", "health"}, {"status", "ok"}}};
}

Answer get_own_token(Call&) {
  return {200,
          {{"object", "token"},
           {"token_type", "client-api"},
           {"all_experiments", true},
           {"development", false},
           {"permissions", "write"},
           {"client", "1"},
           {"organization", "1"},
           {"user", nullptr},
           {"experiment", nullptr},
           {"expires", nullptr}}};
}

}  // namespace frugal::serve
