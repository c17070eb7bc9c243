#include "vision/model/unpickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace frugal::model {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

auto loading(const std::string& pickle) {
  return [pickle] { Unpickler(pickle, "w.pth").load(); };
}

TEST(Unpickle, ReadsPlainValues) {
  // (-1, 300, 2**40, 1.5, "héllo", True, None), protocol 2
  const std::string pickle =
      "\x80\x02(J\xff\xff\xff\xffM\x2c\x01\x8a\x06\0\0\0\0\0\x01G\x3f\xf8\0\0\0\0\0\0X\x06\0\0\0"s +
      "h\xc3\xa9llo\x88Nt."s;
  Unpickler unpickler(pickle, "w.pth");
  const Value value = unpickler.load();
  const List expected{std::int64_t{-1},
                      std::int64_t{300},
                      std::int64_t{1} << 40,
                      1.5,
                      std::string_view("h\xc3\xa9llo"),
                      true,
                      {}};
  EXPECT_EQ(*std::get<List*>(value), expected);
  EXPECT_EQ(unpickler.position(), pickle.size());
}

TEST(Unpickle, ReadsOrderedDictsOfPythonTwoAndThree) {
  const std::string three =
      "\x80\x02"
      "ccollections\nOrderedDict\n)R(U\x01"
      "aK\x01u}b.";
  const std::string two =
      "\x80\x02"
      "ccollections\nOrderedDict\n](](U\x01"
      "aK\x01"
      "ee\x85R.";
  const Dict expected{{std::string_view("a"), std::int64_t{1}}};
  for (const std::string& pickle : {three, two}) {
    Unpickler unpickler(pickle, "w.pth");
    EXPECT_EQ(*std::get<Dict*>(unpickler.load()), expected);
  }
}

TEST(Unpickle, NamesWhatWantsToBeCalled) {
  EXPECT_THAT(loading("\x80\x02"
                      "cos\nsystem\nU\x04true\x85R."s),
              ThrowsMessage<InputError>(HasSubstr("w.pth: its pickle wants to call os.system")));
  // The same through STACK_GLOBAL, through the memo, and of the one module that is known.
  EXPECT_THAT(loading("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."s),
              ThrowsMessage<InputError>(HasSubstr("os.system")));
  EXPECT_THAT(loading("\x80\x02"
                      "cos\nsystem\nq\x00"
                      "0h\x00U\x04true\x85R."s),
              ThrowsMessage<InputError>(HasSubstr("os.system")));
  EXPECT_THAT(loading("\x80\x02"
                      "ctorch._utils\n_rebuild_sparse_tensor\n)R."s),
              ThrowsMessage<InputError>(HasSubstr("torch._utils._rebuild_sparse_tensor")));
}

TEST(Unpickle, NamesTheClassOfAnObject) {
  for (const std::string& pickle : {"\x80\x02"
                                    "cshop\nModel\n)\x81."s,
                                    "\x80\x02(ishop\nModel\n."s,
                                    "\x80\x04"
                                    "cshop\nModel\n)}\x92."s})
    EXPECT_THAT(loading(pickle), ThrowsMessage<InputError>(AllOf(HasSubstr("shop.Model"),
                                                                 HasSubstr("model.state_dict()"))));
}

TEST(Unpickle, MakesNamesFitForAMessage) {
  EXPECT_THAT(loading("\x80\x02"
                      "ca\x1b[31m\n" +
                      repeated("x", 1000) + "\n)R."),
              ThrowsMessage<InputError>(AllOf(HasSubstr("a?[31m.xxx"), Not(HasSubstr("\x1b")),
                                              Not(HasSubstr(repeated("x", 200))))));
}

TEST(Unpickle, SurvivesNestingHoweverDeep) {
  constexpr std::size_t kDepth = 1'000'000;
  EXPECT_NO_THROW(loading("\x80\x02" + repeated("]", kDepth) + repeated("a", kDepth - 1) + ".")());
  EXPECT_NO_THROW(loading("\x80\x02)" + repeated("\x85", kDepth) + ".")());
  EXPECT_NO_THROW(
      loading("\x80\x02]q\x00h\x00"
              "a."s)());  // a list that holds itself
}

TEST(Unpickle, RefusesToBuildMoreThanWeightsNeed) {
  EXPECT_THAT(loading("\x80\x02" + repeated("N", 5'000'000) + "."),
              ThrowsMessage<InputError>(HasSubstr("far more values")));
  // One list of a thousand pairs, made into a thousand dictionaries, again and again.
  const std::string pairs = "](" + repeated("NN\x86", 1000) + "eq\x00"s + "0";
  EXPECT_THAT(loading("\x80\x02" + pairs +
                      repeated("ccollections\nOrderedDict\nh\x00\x85R0"s, 10'000) + "N."),
              ThrowsMessage<InputError>(HasSubstr("far more values")));
}

TEST(Unpickle, RefusesWhatIsMalformed) {
  for (const std::string& pickle : {"."s,
                                    "0."s,
                                    "(0."s,
                                    "t."s,
                                    "h\x07."s,
                                    "Na."s,
                                    "Ns."s,
                                    "](NuN."s,
                                    "}(Nu."s,
                                    "NR."s,
                                    "N)R."s,
                                    "NQ."s,
                                    ")Q."s,
                                    "U\x07modules\x85Q."s,
                                    "S'x'\n."s,
                                    "\x93."s,
                                    "NN\x93."s,
                                    "ccollections\nOrderedDict\nK\x01\x85R."s,
                                    "ctorch._utils\n_rebuild_tensor_v2\n)R."s,
                                    "ctorch._utils\n_rebuild_parameter\n)R."s,
                                    "ctorch._utils\n_rebuild_parameter\nN\x85R."s,
                                    "(U\x07storagectorch\nFloatStorage\nU\x01"
                                    "0U\x03"
                                    "cpuJ\xff\xff\xff\xfftQ."s})
    EXPECT_THAT(loading("\x80\x02" + pickle), testing::Throws<InputError>()) << pickle;
}

TEST(Unpickle, RefusesEveryPrefixAsTruncated) {
  const std::string pickle =
      "\x80\x02}(X\x01\0\0\0aK\x01U\x01"
      "bJ\x01\0\0\0u."s;
  for (std::size_t size = 0; size < pickle.size(); ++size)
    EXPECT_THAT(loading(pickle.substr(0, size)), ThrowsMessage<InputError>(HasSubstr("truncated")));
}

}  // namespace
}  // namespace frugal::model
