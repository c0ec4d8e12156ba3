# try_formula.rb FORMULA TARBALL FOLDER: does in FOLDER what Homebrew would do of a formula: checks
# the tarball's sum, unpacks it, installs it into a prefix, runs the test. Homebrew's own libraries and
# sandbox are not there; a class of the name Formula stands for it.
require "digest"
require "fileutils"
require "pathname"

class Formula
  class << self
    attr_reader :test_block, :values

    def inherited(formula)
      super
      formula.instance_variable_set(:@values, {})
    end

    %i[desc url sha256 license].each { |name| define_method(name) { |value| @values[name] = value } }

    def depends_on(_what) = nil

    def test(&block) = @test_block = block
  end

  attr_reader :prefix, :testpath

  def initialize(folder)
    @prefix = folder/"prefix"
    @testpath = folder/"test"
    @testpath.mkpath
  end

  def bin = prefix/"bin"
  def man = prefix/"share/man"
  def bash_completion = prefix/"etc/bash_completion.d"
  def zsh_completion = prefix/"share/zsh/site-functions"
  def fish_completion = prefix/"share/fish/vendor_completions.d"

  def system(*words)
    Kernel.system(*words) || abort("#{words.join(" ")}: failed")
  end

  def shell_output(command)
    output = `#{command}`
    abort("#{command}: failed") unless $?.success?
    output
  end

  def assert_equal(expected, found)
    abort("expected #{expected.inspect}, found #{found.inspect}") if expected != found
  end
end

path, tarball, where = ARGV
folder = Pathname(where).expand_path
load path
of = Winagg.values
%i[desc url sha256 license].each { |name| abort("#{name} is missing") unless of[name] }
abort("the sum is another one") if Digest::SHA256.file(tarball).hexdigest != of[:sha256]
FileUtils.rm_rf(folder)
formula = Winagg.new(folder)
(folder/"source").mkpath
formula.system("tar", "-xzf", tarball, "-C", (folder/"source").to_s, "--strip-components=1")
Dir.chdir(folder/"source") { formula.install }
Dir.chdir(formula.testpath) { formula.instance_eval(&Winagg.test_block) }
[formula.bin/"winagg", formula.man/"man1/winagg.1", formula.bash_completion/"winagg",
 formula.zsh_completion/"_winagg", formula.fish_completion/"winagg.fish"].each do |file|
  abort("#{file} is missing") unless file.file?
end
