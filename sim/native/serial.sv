// Host's end of a serial line.
module tickless_serial #(
    parameter int SAMPLES = 1  // of the line in a clock
) (
    input  logic clk,
    input  logic tx,
    input  logic busy,
    output logic [SAMPLES-1:0] rx
);
  import "DPI-C" function int tickless_line(
    input bit tx,
    input bit busy,
    input int samples
  );

  initial rx = '1;

  always_ff @(posedge clk) rx <= SAMPLES'(tickless_line(tx, busy, SAMPLES));
endmodule
