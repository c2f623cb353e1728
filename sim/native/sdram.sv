// Storage of a simulated SDRAM part: one access a clock, the word that was there a clock later.
module tickless_sdram (
    input logic clk,
    input logic [23:0] address,
    input logic write,
    input logic [15:0] data,
    output logic [15:0] word
);
  import "DPI-C" function int tickless_sdram_access(
    input int address,
    input bit write,
    input int data
  );

  // Nothing is accessed before the first clock, by when Python has made the memory.
  always_ff @(posedge clk) word <= 16'(tickless_sdram_access(32'(address), write, 32'(data)));
endmodule
