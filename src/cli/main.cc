#include "cli/command_line.h"

int main(int argc, char** argv) {
  return frugal::cli::run(argc, argv);
}
